import libmime from 'libmime';
import { simpleParser } from 'mailparser';
import addressparser from 'nodemailer/lib/addressparser';

/** What somebody else's program takes for the addresses of From. */
export type Reader = (header: Buffer) => Promise<readonly string[]>;

interface Parsed {
  readonly address?: string | undefined;
  readonly group?: readonly Parsed[] | undefined;
}

const parse = addressparser as unknown as (value: string) => Parsed[];

function addressesOf(parsed: readonly Parsed[]): readonly string[] {
  return parsed.flatMap(({ address, group }) => [...(address ? [address] : []), ...addressesOf(group ?? [])]);
}

const fromField = /^from[^\S\n]*:([^\n]*(?:\n[^\S\n][^\n]*)*)/gim;

/** Up to the first empty line, which all agree on. */
function headerOf(message: Buffer): string {
  return message.toString('utf8').split('\r\n\r\n', 1)[0] ?? '';
}

/** Every line that begins with From and a colon, as a careless program finds it. */
function careless(header: Buffer): readonly string[] {
  const text = headerOf(header).replaceAll('\r\n', '\n');
  return [...text.matchAll(fromField)].map(([, value = '']) => value.replace(/\n/g, ''));
}

const wholeFields = (header: Buffer): readonly string[] =>
  [libmime.decodeHeaders(headerOf(header))['from'] ?? []].flat();

/** Three that parse what stands there, each with another idea of what a header is. */
export const readers: Readonly<Record<string, Reader>> = {
  nodemailer: (header) => Promise.resolve(careless(header).flatMap((value) => addressesOf(parse(value)))),
  libmime: (header) => Promise.resolve(wholeFields(header).flatMap((value) => addressesOf(parse(value)))),
  mailparser: async (header) => {
    const { from } = await simpleParser(Buffer.concat([header, Buffer.from('\r\nx\r\n')]));
    return addressesOf(from?.value ?? []);
  },
};

/** One that decodes first, so that what is encoded becomes syntax. */
export const decodesFirst: Reader = (header) =>
  Promise.resolve(careless(header).flatMap((value) => addressesOf(parse(libmime.decodeWords(value)))));
