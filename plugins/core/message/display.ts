import { makeMailbox, parseDomain, type Mailbox } from '../mailbox.ts';
import { derived } from '../derived.ts';
import { decodings } from './encoded-words.ts';
import type { NamedMailbox } from './mailbox-list.ts';

/** What a reader may show beside an address. */
export interface Display {
  /** The text as it stands, decoded as readers do it, and decoded twice, as some do; without what is the same again. */
  readonly readings: readonly string[];
  /** Why readers may see something else, in words that follow on "a name". */
  readonly doubt?: string;
}

/** Reads display text in every way that readers do. */
export function displayOf(text: string): Display {
  if (!text.includes('=?')) return { readings: [text] };
  const [once, ...others] = decodings(text);
  const [twice] = once.text.includes('=?') ? decodings(once.text) : [once];
  const doubt = once.doubt ?? twice.doubt;
  const readings = [text, once.text, twice.text, ...others.map((each) => each.text)];
  return { readings: [...new Set(readings)], ...(doubt !== undefined && { doubt }) };
}

/** What readers may see beside an address of a header, all of it together. */
export const shownBeside = derived(({ display }: NamedMailbox) => {
  const shown = display.map(displayOf);
  const readings = [...new Set(shown.flatMap((each) => each.readings))];
  const doubt = shown.find((each) => each.doubt !== undefined)?.doubt;
  return { readings, mentions: readings.flatMap(addressesIn), ...(doubt !== undefined && { doubt }) };
});

/** An address that a text names; without `mailbox` where only its domain can be read. */
export interface Mention {
  readonly text: string;
  readonly domain: string;
  readonly mailbox?: Mailbox;
}

/** Octets of the longest local-part and domain (RFC 5321 §4.5.3.1), beyond which nobody sees an address. */
const [longestLocal, longestDomain] = [64, 255];

/** Every address that somebody who reads a text would see in it. Linear in its length. */
export function addressesIn(text: string): readonly Mention[] {
  const shown = asSeen(text);
  const mentions: Mention[] = [];
  for (let at = shown.indexOf('@'); at !== -1; at = shown.indexOf('@', at + 1)) {
    const before = shown.slice(Math.max(0, at - longestLocal), at);
    const [, local = ''] = localText.exec(before) ?? [];
    // Nobody takes `(@alice)` for an address.
    if (local === '' && !/["'\p{Pi}\p{Pf}]\s*$/u.test(before)) continue;
    for (const domain of domainsIn(shown.slice(at + 1, at + 1 + longestDomain))) {
      const mailbox = makeMailbox(local, domain);
      mentions.push({ text: `${local}@${domain}`, domain, ...(mailbox && { mailbox }) });
    }
  }
  return mentions;
}

/** What stands behind an at sign, as people see it and as programs do which leave white space out (RFC 5322 §4.4, obs-domain). */
function domainsIn(text: string): readonly string[] {
  const [, close = ''] = domainText.exec(text) ?? [];
  const [, wide = ''] = wideDomainText.exec(text) ?? [];
  return [...new Set([close, wide.replace(/\s/gu, '')])].flatMap((each) => parseDomain(each) ?? []);
}

/** What people take for one: it does not begin with a quote or a dot, and no other signs than US-ASCII's belong to it. */
const localText = /((?:[\p{L}\p{N}\p{M}!#$%&*+/=?^_`{|}~-][\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~.-]*)?)\s*$/u;

/** A label does not end in a hyphen, which may come behind an address. */
const label = '[\\p{L}\\p{N}\\p{M}](?:[\\p{L}\\p{N}\\p{M}_-]*[\\p{L}\\p{N}\\p{M}])?';
const domainText = new RegExp(`^\\s*(${label}(?:\\.${label})*)`, 'u');
const wideDomainText = new RegExp(`^\\s*(${label}(?:\\s*\\.\\s*${label})*)`, 'u');

/** Of so many marks above one letter nobody sees more; what orders them takes time by the square of their number (UAX 15 §13). */
export function withoutPiles(text: string): string {
  return text.replace(/(\p{M}{30})\p{M}+/gu, '$1');
}

/** As it looks: without what cannot be seen, and with letters of other shapes (full width, for one) as plain ones. */
function asSeen(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return withoutPiles(text)
    .normalize('NFKC')
    .replace(/\p{Cf}|\p{Cc}|\p{Variation_Selector}|[\u115f\u1160\u3164]|\u034f/gu, '')
    .replace(/\u3002/g, '.');
}

/** Characters that turn the order of a text around, or cannot be seen, with what each is called. */
const hidden: readonly (readonly [RegExp, string])[] = [
  [/[\u202a-\u202e\u2066-\u2069]/u, 'a character that turns the direction of writing'],
  [
    /[\u200b\u2060-\u2064\ufeff\u00ad\u180e\u115f\u1160\u3164\u{e0000}-\u{e007f}]/u,
    'a character that cannot be seen',
  ],
  [/[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/u, 'a control character'],
];

/** Flags of parts of countries are a black flag, tags that cannot be seen, and an end (UTS 51, ED-14a). */
const flags = /\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}/gu;

/** What of a text cannot be seen, or makes the rest look different; joiners and marks that scripts need are none of it. */
export function hiddenIn(text: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(text)) return undefined;
  const shown = text.replace(flags, '');
  for (const [pattern, what] of hidden) {
    const [found] = pattern.exec(shown) ?? [];
    if (found === undefined) continue;
    const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `${what}, U+${code}`;
  }
  return undefined;
}
