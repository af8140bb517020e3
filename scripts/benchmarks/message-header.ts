const receivedLines = (index: number) => [
  `Received: from host${index}.corp.example (host${index}.corp.example [192.0.2.${index}])`,
  `\tby relay${index}.corp.example (Postfix) with ESMTPS id 4Sxyz0123${index}z1`,
  `\tfor <rcpt@partner.example>; Tue, 24 Nov 2026 10:00:0${index} +0100 (CET)`,
];
const recipients = Array.from(
  { length: 30 },
  (_, index) => ` "Recipient ${index}" <r${index}@partner.example>`,
);
const ids = Array.from({ length: 20 }, (_, index) => ` <${index}.CAHx1+abcDEFghi@mail.partner.example>`);

/** The header of an answer to many in a long thread, as a mail program writes it; 4 KiB. */
export const headerLines: readonly string[] = [
  ...[1, 2, 3].flatMap(receivedLines),
  'From: =?utf-8?Q?M=C3=BCller=2C_Alice?= =?utf-8?Q?_=28Vertrieb=29?= <alice@corp.example>',
  'Sender: "Smith, Alice" <alice@corp.example> (alice@corp.example)',
  'Reply-To: Alice <alice@corp.example>, Team <team@corp.example>',
  'Subject: =?utf-8?Q?Re=3A_Gr=C3=BC=C3=9Fe_an_alle=2C_die_das_lesen?=',
  ...`To:${recipients.join(',\n')}`.split('\n'),
  ...`References:${ids.join('\n')}`.split('\n'),
  'In-Reply-To: <19.CAHx1+abcDEFghi@mail.partner.example>',
  'Message-ID: <f3c1b2a0-1111-4222-8333-444455556666@corp.example>',
  'Date: Tue, 24 Nov 2026 10:00:04 +0100',
  'User-Agent: Mozilla Thunderbird',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=UTF-8; format=flowed',
  'Content-Transfer-Encoding: 7bit',
  `Autocrypt: addr=alice@corp.example; keydata=`,
  ...Array<string>(11).fill(` ${'xsDNBGAAAAAB'.repeat(6)}`),
];

/** The same as octets, with the empty line behind it. */
export const header: Buffer = Buffer.from(`${headerLines.join('\r\n')}\r\n\r\n`);
