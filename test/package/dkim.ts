import { createHash, createVerify } from 'node:crypto';

/** What a verifier of its own finds, independent of the plugin that signed (RFC 6376 §6.1). */
export interface Verification {
  readonly domain: string;
  readonly selector: string;
  /** `c=`: of the header, then of the body. */
  readonly canonicalization: string;
  /** Names of the signed header fields, in the order of `h=`. */
  readonly signed: readonly string[];
  readonly bodyHash: 'matches' | 'differs';
  readonly signature: 'valid' | 'invalid';
}

interface Field {
  readonly name: string;
  /** Name, colon and value, as they came, without the last CRLF. */
  readonly raw: string;
}

/** Verifies the one DKIM-Signature of a message, rsa-sha256 only; throws when there is none, or more than one. */
export function verifyDkim(message: Buffer, publicKey: string): Verification {
  const { fields, body } = split(message.toString('latin1'));
  const own = theSignature(fields);
  const tag = tagsOf(own);
  const [headerForm, bodyForm] = tag('c').split('/');
  const header = headerForm === 'relaxed' ? relaxedField : ({ raw }: Field) => raw;
  const canonicalBody = bodyForm === 'relaxed' ? relaxedBody(body) : simpleBody(body);
  const signed = tag('h').toLowerCase().split(':');
  const others = fields.filter((field) => field !== own);
  const covered = select(others, signed).map((field) => `${header(field)}\r\n`);
  const data = `${covered.join('')}${header(withoutSignature(own))}`;
  return {
    domain: tag('d'),
    selector: tag('s'),
    canonicalization: tag('c'),
    signed,
    bodyHash: sha256(canonicalBody) === tag('bh') ? 'matches' : 'differs',
    signature: isSignedBy(publicKey, data, tag('b')) ? 'valid' : 'invalid',
  };
}

/** Must be of the kind that is understood here, and cover the whole body: no `l=`. */
function theSignature(fields: readonly Field[]): Field {
  const signatures = fields.filter(({ name }) => name === 'dkim-signature');
  const [own] = signatures;
  if (!own || signatures.length > 1) throw new Error(`${signatures.length} DKIM signatures`);
  const tag = tagsOf(own);
  if (tag('v') !== '1' || tag('a') !== 'rsa-sha256' || tag('l') !== '') throw new Error(own.raw);
  return own;
}

function split(text: string): { fields: Field[]; body: string } {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error('no end of the header');
  const raws = text.slice(0, end).split(/\r\n(?![ \t])/);
  const fields = raws.map((raw) => ({ name: raw.slice(0, raw.indexOf(':')).trim().toLowerCase(), raw }));
  return { fields, body: text.slice(end + 4) };
}

/** RFC 6376 §3.2; white space never matters in the values that are used here. A tag that is absent is empty. */
function tagsOf({ raw }: Field): (name: string) => string {
  const list = raw.slice(raw.indexOf(':') + 1).split(';');
  const pairs = list.map((tag): [string, string] => {
    const [name = '', ...value] = tag.split('=');
    return [name.trim(), value.join('=').replace(/\s/g, '')];
  });
  const tags = new Map(pairs);
  return (name) => tags.get(name) ?? '';
}

/** RFC 6376 §5.4.2: of fields with one name the last counts first; one that is not there counts as nothing. */
function select(fields: readonly Field[], names: readonly string[]): Field[] {
  const left = [...fields].reverse();
  return names.flatMap((wanted) => {
    const index = left.findIndex(({ name }) => name === wanted);
    return index < 0 ? [] : left.splice(index, 1);
  });
}

/** RFC 6376 §3.7: the own field takes part with an empty `b=`. */
function withoutSignature({ name, raw }: Field): Field {
  return { name, raw: raw.replace(/([:;]\s*b\s*=)[^;]*/, '$1') };
}

/** RFC 6376 §3.4.2. */
function relaxedField({ name, raw }: Field): string {
  const value = raw.slice(raw.indexOf(':') + 1).replaceAll('\r\n', '');
  return `${name}:${value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')}`;
}

/** RFC 6376 §3.4.3. */
function simpleBody(body: string): string {
  return `${body.replace(/(?:\r\n)*$/, '')}\r\n`;
}

/** RFC 6376 §3.4.4. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const text = lines.join('\r\n').replace(/(?:\r\n)*$/, '');
  return text === '' ? '' : `${text}\r\n`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64');
}

function isSignedBy(publicKey: string, data: string, signature: string): boolean {
  return createVerify('RSA-SHA256').update(data, 'latin1').verify(publicKey, signature, 'base64');
}
