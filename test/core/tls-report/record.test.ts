import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportAddressesIn } from '../../../plugins/core/tls-report/record.ts';

const a = 'a@x.example';

const cases: readonly { it: string; texts: readonly string[]; gives: readonly string[] }[] = [
  { it: 'a record', texts: ['v=TLSRPTv1; rua=mailto:a@x.example'], gives: [a] },
  {
    it: 'one without spaces, with a delimiter at its end',
    texts: ['v=TLSRPTv1;rua=mailto:a@x.example;'],
    gives: [a],
  },
  {
    it: 'spaces and tabs around delimiters',
    texts: ['v=TLSRPTv1;\t rua=mailto:a@x.example \t; '],
    gives: [a],
  },
  {
    it: 'several addresses, each once',
    texts: ['v=TLSRPTv1; rua=mailto:a@x.example,mailto:b@y.example , mailto:a@x.example'],
    gives: [a, 'b@y.example'],
  },
  {
    it: 'no more than four',
    texts: [`v=TLSRPTv1; rua=${[1, 2, 3, 4, 5].map((n) => `mailto:a${n}@x.example`).join(',')}`],
    gives: ['a1@x.example', 'a2@x.example', 'a3@x.example', 'a4@x.example'],
  },
  {
    it: 'mail beside https',
    texts: ['v=TLSRPTv1; rua=https://x.example/r?a=b,mailto:a@x.example'],
    gives: [a],
  },
  { it: 'https alone', texts: ['v=TLSRPTv1; rua=https://x.example/report'], gives: [] },
  { it: 'another scheme', texts: ['v=TLSRPTv1; rua=ftp://x.example/a'], gives: [] },
  { it: 'the scheme in any letters', texts: ['v=TLSRPTv1; rua=MailTo:a@x.example'], gives: [a] },
  {
    it: 'fields that nobody knows yet',
    texts: ['v=TLSRPTv1; ext.1=yes; rua=mailto:a@x.example; z=9'],
    gives: [a],
  },
  {
    it: 'records of others beside it',
    texts: ['v=spf1 -all', 'v=TLSRPTv1; rua=mailto:a@x.example', ''],
    gives: [a],
  },
  {
    it: 'a local-part that is percent-encoded',
    texts: ['v=TLSRPTv1; rua=mailto:a%2Bb%21@x.example'],
    gives: ['a+b!@x.example'],
  },
  {
    it: 'a domain of other letters',
    texts: ['v=TLSRPTv1; rua=mailto:a@b%C3%BCcher.example'],
    gives: ['a@xn--bcher-kva.example'],
  },
  {
    it: 'header fields, which are left out',
    texts: ['v=TLSRPTv1; rua=mailto:a@x.example?bcc=b@y.example&subject=x'],
    gives: [a],
  },
  // None.
  { it: 'two records', texts: Array<string>(2).fill('v=TLSRPTv1; rua=mailto:a@x.example'), gives: [] },
  { it: 'no record', texts: [], gives: [] },
  { it: 'another version', texts: ['v=TLSRPTv2; rua=mailto:a@x.example'], gives: [] },
  { it: 'a version in other letters', texts: ['v=tlsrptv1; rua=mailto:a@x.example'], gives: [] },
  { it: 'a space before the version', texts: [' v=TLSRPTv1; rua=mailto:a@x.example'], gives: [] },
  { it: 'a version that is not the first', texts: ['rua=mailto:a@x.example; v=TLSRPTv1'], gives: [] },
  { it: 'a version alone', texts: ['v=TLSRPTv1;'], gives: [] },
  { it: 'no rua', texts: ['v=TLSRPTv1; RUA=mailto:a@x.example'], gives: [] },
  { it: 'two of it', texts: ['v=TLSRPTv1; rua=mailto:a@x.example; rua=mailto:b@x.example'], gives: [] },
  { it: 'an empty one', texts: ['v=TLSRPTv1; rua='], gives: [] },
  { it: 'an empty URI', texts: ['v=TLSRPTv1; rua=mailto:a@x.example,'], gives: [] },
  { it: 'an empty field', texts: ['v=TLSRPTv1;; rua=mailto:a@x.example'], gives: [] },
  { it: 'a field that is none', texts: ['v=TLSRPTv1; rua=mailto:a@x.example; nothing'], gives: [] },
  { it: 'an extension with a space', texts: ['v=TLSRPTv1; rua=mailto:a@x.example; x=a b'], gives: [] },
  { it: 'a size, as DMARC has it', texts: ['v=TLSRPTv1; rua=mailto:a@x.example!10m'], gives: [] },
  { it: 'a space in a URI', texts: ['v=TLSRPTv1; rua=mailto:a @x.example'], gives: [] },
  { it: 'octets beyond US-ASCII', texts: ['v=TLSRPTv1; rua=mailto:a@b\u00c3\u00bccher.example'], gives: [] },
  { it: 'a line break', texts: ['v=TLSRPTv1; rua=mailto:a@x.example\r\nBcc: b@y.example'], gives: [] },
  { it: 'a line break that is encoded', texts: ['v=TLSRPTv1; rua=mailto:a%0D%0ABcc:b@x.example'], gives: [] },
  { it: 'one in the domain', texts: ['v=TLSRPTv1; rua=mailto:a@x.example%0d%0aRCPT'], gives: [] },
  { it: 'angle brackets', texts: ['v=TLSRPTv1; rua=mailto:%3Ca@x.example%3E'], gives: [] },
  { it: 'two addresses in a URI', texts: ['v=TLSRPTv1; rua=mailto:a@x.example%2Cb@y.example'], gives: [] },
  { it: 'a quoted local-part', texts: ['v=TLSRPTv1; rua=mailto:%22a%20b%22@x.example'], gives: [] },
  { it: 'a local-part of other letters', texts: ['v=TLSRPTv1; rua=mailto:b%C3%BCcher@x.example'], gives: [] },
  { it: 'octets that are no UTF-8', texts: ['v=TLSRPTv1; rua=mailto:a%FF@x.example'], gives: [] },
  { it: 'a percent sign alone', texts: ['v=TLSRPTv1; rua=mailto:a%@x.example'], gives: [] },
  { it: 'NUL', texts: ['v=TLSRPTv1; rua=mailto:a%00@x.example'], gives: [] },
  { it: 'no address', texts: ['v=TLSRPTv1; rua=mailto:'], gives: [] },
  { it: 'no domain', texts: ['v=TLSRPTv1; rua=mailto:a@'], gives: [] },
  { it: 'an address literal', texts: ['v=TLSRPTv1; rua=mailto:a@[127.0.0.1]'], gives: [] },
  {
    it: 'a local-part that is too long',
    texts: [`v=TLSRPTv1; rua=mailto:${'a'.repeat(65)}@x.example`],
    gives: [],
  },
  { it: 'a long row of spaces', texts: [`v=TLSRPTv1;${' '.repeat(60_000)}x`], gives: [] },
];

void describe('who wants reports on TLS, by the TXT records', () => {
  for (const { it: what, texts, gives } of cases) {
    void it(`${gives.length === 0 ? 'nobody' : gives.join(', ')}: ${what}`, () => {
      assert.deepEqual(reportAddressesIn(texts), gives);
    });
  }
});
