import { parseDomain } from '../mailbox.ts';

const modes = ['enforce', 'testing', 'none'] as const;

/** What a domain says of its MX hosts (RFC 8461 §3.2). */
export interface StsPolicy {
  readonly mode: (typeof modes)[number];
  /** Names of hosts as lower-case A-labels, each perhaps below `*.`. */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
  /** Its lines without their ends, as reports repeat it (RFC 8460 §4.4, policy-string). */
  readonly text: readonly string[];
}

/** RFC 8461 §3.2, about a year. */
const longestMaxAge = 31_557_600;

const name = /[A-Za-z0-9][A-Za-z0-9_.-]{0,31}/.source;

/** §3.2 sts-policy-vchar: no control character of US-ASCII, and nothing that is no character. */
const vchar = String.raw`\x21-\x7e\u0080-\ud7ff\ue000-\u{10ffff}`;

const policyField = new RegExp(`^(${name}):[ \\t]*([${vchar}](?:[ ${vchar}]*[${vchar}])?)[ \\t]*$`, 'u');

/** §3.1 sts-text-record; white space belongs to a delimiter, so that there is none behind the last field without one. */
const delimiter = String.raw`[ \t]*;[ \t]*`;
const textRecord = new RegExp(
  `^v=STSv1(?:${delimiter}${name}=[\\x21-\\x3a\\x3c\\x3e-\\x7e]+)+(?:${delimiter})?$`,
);

/** RFC 5321 §4.1.2 sub-domain. */
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

const longestDomain = 253;

/** Reads a policy by the grammar of RFC 8461 §3.2; throws an Error that says what is wrong, without a word of it. */
export function parsePolicy(text: string): StsPolicy {
  const lines = linesOf(text);
  const fields = lines.map(fieldOf);
  const first = firstOf(fields);
  if (first.get('version') !== 'STSv1') throw new Error('its version is not STSv1');
  const mode = modes.find((known) => known === first.get('mode'));
  if (!mode) throw new Error(`its mode is none of ${modes.join(', ')}`);
  const mx = fields.flatMap(([key, value], at) => (key === 'mx' ? [patternOf(value, at)] : []));
  if (mode !== 'none' && mx.length === 0) throw new Error('it names no mx');
  return { mode, mx, maxAgeSeconds: maxAgeOf(first.get('max_age')), text: lines };
}

type Field = readonly [key: string, value: string];

/** The last line may end, or not. */
function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function fieldOf(line: string, at: number): Field {
  const [, key, value] = policyField.exec(line) ?? [];
  if (key === undefined || value === undefined) throw new Error(`its line ${at + 1} is no field`);
  return [key, value];
}

/** §3.2: of fields that must not be repeated the first counts. */
function firstOf(fields: readonly Field[]): ReadonlyMap<string, string> {
  return new Map([...fields].reverse());
}

function patternOf(value: string, at: number): string {
  const domain = value.startsWith('*.') ? value.slice(2) : value;
  const isDomain = domain.length <= longestDomain && domain.split('.').every((part) => label.test(part));
  if (!isDomain) throw new Error(`the mx of its line ${at + 1} is no domain name`);
  return value.toLowerCase();
}

/** The grammar allows for more than the longest: who asks for that gets the longest, and not nothing. */
function maxAgeOf(value: string | undefined): number {
  if (value === undefined || !/^\d{1,10}$/.test(value))
    throw new Error('its max_age is no number of seconds');
  return Math.min(Number(value), longestMaxAge);
}

/**
 * The id in the TXT records of `_mta-sts.DOMAIN` (§3.1), each with its character-strings joined. Nothing unless exactly one of
 * them is of this version, and is as it must be: the domain has no policy then.
 */
export function policyIdIn(texts: readonly string[]): string | undefined {
  const [record, ...others] = texts.filter((text) => text.startsWith('v=STSv1;'));
  if (record === undefined || others.length > 0) return undefined;
  if (!textRecord.test(record)) return undefined;
  const [, id = ''] = /;[ \t]*id=([^; \t]*)/.exec(record) ?? [];
  return /^[A-Za-z0-9]{1,32}$/.test(id) ? id : undefined;
}

/** A name of a host or of a policy domain as lower-case A-labels, without a dot at its end; nothing for what is none. */
export function asciiName(text: string): string | undefined {
  return parseDomain(text.endsWith('.') ? text.slice(0, -1) : text);
}

/** Whether an MX host is one that the policy names (§4.1): `*` stands for one label, the leftmost. */
export function allowsMx({ mx }: StsPolicy, host: string): boolean {
  const named = asciiName(host);
  if (named === undefined) return false;
  const above = named.includes('.') ? named.slice(named.indexOf('.')) : undefined;
  return mx.some((pattern) =>
    pattern.startsWith('*') ? above !== undefined && pattern.slice(1) === above : pattern === named,
  );
}
