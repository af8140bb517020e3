import { domainToASCII } from 'node:url';
import type { SentField } from '../core/haraka/patches/trace-fields.ts';
import { parseDomain } from '../core/mailbox.ts';

/** In whose name only hosts of ours may speak. */
export interface OurNames {
  /** What this host calls itself. */
  readonly host: string;
  /** Whose hosts are ours too; nothing for who is one of them. */
  readonly domains: readonly string[];
}

/** What may stand for a name; quotes and backslashes are gone. */
const word = '[^\\s;:,()"/=<>]+';

/** A field that says who wrote it, and names us (RFC 8601 §5, RFC 7208 §9.1): others' stay, with their signatures. */
export function isForged({ name, value }: SentField, ours: () => OurNames): boolean {
  switch (name) {
    case 'authentication-results':
      return authorsOf(plain(value)).some((author) => isOurs(author, ours()));
    case 'received-spf':
      return receiversOf(plain(value)).some((receiver) => isOurs(receiver, ours()));
    default:
      return false;
  }
}

/** As the reader sees it who takes no notice of quoting. */
function plain(value: string): string {
  return value.replace(/[\0-\x08\x0e-\x1f\x7f"\\]/g, '');
}

/**
 * What any reader may take for the authserv-id (RFC 8601 §2.5), whether or not it knows that comments nest and what a
 * backslash does in them. RFC 2047 §5 allows no encoded words there, but some readers decode them.
 */
function authorsOf(value: string): string[] {
  const candidates = value.matchAll(new RegExp(`(?:^[\\s(;,]*|\\)\\s*)(=\\?|${word})`, 'g'));
  return [...candidates].map(([, candidate = '']) => candidate);
}

/** What stands for `receiver` (RFC 7208 §9.1), and what the first comment begins with, as in the examples there. */
function receiversOf(value: string): string[] {
  const [, commented = ''] = new RegExp(`^[^(]*\\(\\s*(${word})`).exec(value) ?? [];
  const pairs = [value, value.replace(/\([^()]*\)/g, ' ')].flatMap((text) => [
    ...text.matchAll(new RegExp(`receiver\\s*=\\s*(=\\?|${word})`, 'gi')),
  ]);
  return [commented, ...pairs.map(([, receiver = '']) => receiver)];
}

function isOurs(written: string, { host, domains }: OurNames): boolean {
  if (written === '=?') return true;
  const name = canonical(written);
  if (name === canonical(host)) return true;
  return domains.map(canonical).some((domain) => name === domain || name.endsWith(`.${domain}`));
}

function canonical(text: string): string {
  const name = text.replace(/\.+$/, '');
  return parseDomain(name) ?? (domainToASCII(name) || name.toLowerCase());
}
