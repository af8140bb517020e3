import { overlaps, parseNetwork } from '../network.ts';
import type { Meant, Subject } from '../store/store.ts';
import { accountOf } from './subject.ts';

/** Whom a text means: a network where it is one, an account otherwise. With `marks` also from where that is known. */
export function forgettingOf(
  text: string,
  separator: string,
  marks = false,
): { readonly subject: Subject; readonly meant: Meant } {
  if (parseNetwork(text)) {
    return { subject: { kind: 'network', network: text }, meant: (other) => overlaps(text, other) };
  }
  const account = accountOf(text, separator);
  return { subject: { kind: 'account', account: text }, meant: { account, marks } };
}

/** Not a number alone, which may be that of a student, nor a hardware address, by which devices may log in. */
export function looksLikeNetwork(text: string): boolean {
  const bare = text.trim();
  if (/^(?:[\da-f]{2}:){5}[\da-f]{2}$/i.test(bare)) return false;
  const isLikeIpv4 = /^\d+(?:\.\d*){3,}(?:\/.*)?$|^\d+(?:\.\d*)*\/\d*$/.test(bare);
  return isLikeIpv4 || /^\[?[\da-f.]*:[\da-f.]*:[\da-f:.]*\]?(?:%\w+)?(?:\/.*)?$/i.test(bare);
}
