import { domainToUnicode } from 'node:url';
import unhomoglyph from 'unhomoglyph';
import { parseDomain } from '../mailbox.ts';
import { withoutPiles } from './display.ts';

/** What a domain looks like: the same text for two that a person may take for each other (UTS 39 §4). */
export function lookOfDomain(domain: string): string {
  return skeleton(domainToUnicode(parseDomain(domain) ?? domain));
}

/** The words of a name as they look, without regard to case, accents and order. */
export function lookOfName(text: string): ReadonlySet<string> {
  const letters = skeleton(
    withoutPiles(text)
      .normalize('NFKD')
      .replace(/[\p{M}\p{Cf}\p{Cc}]/gu, ''),
  );
  return new Set(letters.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''));
}

function skeleton(text: string): string {
  return unhomoglyph(text.toLowerCase()).toLowerCase().normalize('NFC');
}
