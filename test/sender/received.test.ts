import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { relayedClient } from '../../plugins/sender/received.ts';

const { policy } = parseSettings(
  `
roles: [mx]
nodes: [{ name: gateway-2, addresses: [192.0.2.2] }]
trusted_relays: [{ name: filter, addresses: [192.0.2.24/29, '2001:db8:f::/48'] }]
`,
  'test',
);

/** Header lines as facts have them: each ends in LF, and a continuation is a line of its own. */
function clientIn(...fields: string[]): string | undefined {
  const lines = fields.flatMap((field) => field.split('\n')).map((line) => `${line}\n`);
  const client = relayedClient(lines, policy);
  return client && `${client.ip} ${client.helo}`;
}

void describe('the Received field of a trusted relay names its client', () => {
  const cases = [
    {
      by: 'Postfix',
      field: `from mx.partner.example (mx.partner.example [198.51.100.2])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\t(No client certificate requested)
\tby filter.corp.example (Postfix) with ESMTPS id 4XyZ1n2b3Hz9
\tfor <alice@corp.example>; Tue,  1 Dec 2026 09:00:00 +0100 (CET)`,
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'Postfix, of a client without a name',
      field: 'from mx.partner.example (unknown [203.0.113.5]) by filter (Postfix) with ESMTP id 1',
      is: '203.0.113.5 mx.partner.example',
    },
    {
      by: 'Postfix, over IPv6',
      field: 'from mx.partner.example (mx.partner.example [IPv6:2001:db8:5::2]) by filter (Postfix)',
      is: '2001:db8:5::2 mx.partner.example',
    },
    {
      by: 'Haraka',
      field: `from mx.partner.example (mx.partner.example [198.51.100.2])
\tby filter.corp.example (Haraka/3.3.4) with ESMTPS id 5B1E6D2C-0D7C.1
\tenvelope-from <friend@partner.example>`,
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'Sendmail',
      field:
        'from mx.partner.example (mx.partner.example [198.51.100.2]) by filter (8.18.1/8.18.1) with ESMTP',
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'Sendmail, where name and address contradict each other',
      field: 'from mx.partner.example (dyn-5.isp.example [203.0.113.5] (may be forged)) by filter (8.18.1)',
      is: '203.0.113.5 mx.partner.example',
    },
    {
      by: 'Sendmail, that asked who the user is',
      field: 'from mx.partner.example (IDENT:root@mx.partner.example [198.51.100.2]) by filter (8.9.3)',
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'Exim',
      field: 'from mx.partner.example ([198.51.100.2]) by filter with esmtps (Exim 4.98)',
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'Exim, with a port and another HELO',
      field: 'from dyn-5.isp.example ([203.0.113.5]:41234 helo=mx.partner.example) by filter with esmtp',
      is: '203.0.113.5 mx.partner.example',
    },
    {
      by: 'Exim, of a client without a name',
      field: 'from [203.0.113.5] (helo=mx.partner.example) by filter with esmtp (Exim 4.98)',
      is: '203.0.113.5 mx.partner.example',
    },
    {
      by: 'Exim, of such a client with a port',
      field: 'from [203.0.113.5] (port=41234 helo=mx.partner.example ident=mail) by filter with esmtp',
      is: '203.0.113.5 mx.partner.example',
    },
    {
      by: 'Exchange',
      field: `from mx.partner.example (198.51.100.2) by EX01.corp.example (192.0.2.130) with Microsoft SMTP Server
 (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.2.1544.4; Tue, 1 Dec 2026 09:00:00 +0100`,
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'Exchange, over IPv6',
      field:
        'from mx.partner.example (2001:db8:5::2) by EX01.corp.example (2001:db8:e::1) with Microsoft SMTP',
      is: '2001:db8:5::2 mx.partner.example',
    },
    {
      by: 'Exchange, of a neighbour on its link',
      field:
        'from EX02.corp.example (fe80::1c2b:3d4e%12) by EX01.corp.example (fe80::1%12) with Microsoft SMTP',
      is: 'fe80::1c2b:3d4e EX02.corp.example',
    },
    {
      by: 'qmail',
      field: 'from unknown (HELO mx.partner.example) (198.51.100.2) by filter with SMTP; 1 Dec 2026',
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'qmail, that asked who the user is',
      field: 'from mx.partner.example (root@198.51.100.2) by filter with SMTP; 1 Dec 2026',
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'James',
      field: 'from 198.51.100.2 (EHLO mx.partner.example) ([198.51.100.2]) by filter (JAMES SMTP Server)',
      is: '198.51.100.2 mx.partner.example',
    },
    {
      by: 'Courier, of an IPv4 client on an IPv6 socket',
      field: 'from mx.partner.example (mx.partner.example [::ffff:198.51.100.2]) (TLS: TLSv1.3) by filter',
      is: '::ffff:198.51.100.2 mx.partner.example',
    },
  ] as const;
  for (const { by, field, is } of cases) {
    void it(`as ${by} writes it`, () => assert.equal(clientIn(`Received: ${field}`), is));
  }
});

void describe('what a client calls itself is never taken for its address', () => {
  const cases = [
    { it: 'Postfix', field: 'from [192.0.2.10] (unknown [203.0.113.5]) by filter (Postfix)' },
    { it: 'Haraka', field: 'from x([192.0.2.10]) (Unknown [203.0.113.5]) by filter (Haraka)' },
    { it: 'Exim', field: 'from [203.0.113.5] (helo=[192.0.2.10]) by filter with esmtp' },
    { it: 'Exim, with a port', field: 'from [203.0.113.5] (port=9 helo=[192.0.2.10]) by filter with esmtp' },
    { it: 'Exim, with a name', field: 'from x.isp.example ([203.0.113.5] helo=[192.0.2.10]) by filter' },
    { it: 'Exim, by ident', field: 'from [203.0.113.5] (ident=[192.0.2.10] helo=x.example) by filter' },
    { it: 'qmail', field: 'from unknown (HELO [192.0.2.10]) (203.0.113.5) by filter with SMTP' },
    { it: 'qmail, by ident', field: 'from unknown (HELO 192.0.2.10) (192.0.2.10@203.0.113.5) by filter' },
    { it: 'Exchange', field: 'from [192.0.2.10] (203.0.113.5) by EX01 (192.0.2.130) with Microsoft SMTP' },
    { it: 'Exchange, IPv6', field: 'from [IPv6:2001:db8::1] (203.0.113.5) by EX01 (192.0.2.130)' },
    {
      it: 'a long HELO, cut on the way',
      field: `from ${'a'.repeat(977)} ${'a'.repeat(991)} by (unknown [203.0.113.5]) by filter`,
    },
    { it: 'a very long HELO', field: `from ${'a'.repeat(100_000)} (unknown [203.0.113.5]) by filter` },
  ];
  for (const { it: title, field } of cases) {
    void it(title, () => assert.equal(clientIn(`Received: ${field}`)?.split(' ')[0], '203.0.113.5'));
  }
});

void describe('a trusted relay does not say whom it has a message from', () => {
  const cases = [
    { it: 'without a Received field', fields: ['From: friend@partner.example'] },
    {
      it: 'where the message was written on it',
      fields: ['Received: by filter (Postfix, from userid 1000)'],
    },
    { it: 'by a user', fields: ['Received: from alice by filter with local (Exim 4.98)'] },
    { it: 'by a name alone', fields: ['Received: from mx.partner.example by filter with SMTP'] },
    { it: 'by HELO alone', fields: ['Received: from [192.0.2.10] by filter with SMTP'] },
    { it: 'with nothing in the parentheses', fields: ['Received: from [192.0.2.10] () by filter'] },
    { it: 'by no address', fields: ['Received: from mx.partner.example (mx [198.51.100.300]) by filter'] },
    { it: 'by an empty field', fields: ['Received:'] },
    { it: 'by a field of spaces', fields: [`Received: from${' '.repeat(100_000)}`] },
    { it: 'by a field of parentheses', fields: [`Received: from x ${'('.repeat(100_000)}`] },
    { it: 'by a comment without end', fields: [`Received: from x (${'a '.repeat(50_000)}`] },
    {
      it: 'although a field below, which may be anybody’s, does',
      fields: [
        'Received: by filter (Postfix, from userid 1000)',
        'Received: from mx.partner.example (mx.partner.example [198.51.100.2]) by forged.example',
      ],
    },
  ];
  for (const { it: title, fields } of cases) {
    void it(title, () => assert.equal(clientIn(...fields), undefined));
  }
});

void describe('whom a message comes from is sought behind hosts of ours, and no further', () => {
  const stranger = 'Received: from x.example (unknown [203.0.113.5]) by filter';
  const forged = 'Received: from mx.partner.example (mx.partner.example [198.51.100.2]) by forged.example';
  const cases = [
    {
      it: 'a relay, in one network with another',
      above: 'from filter-2 (filter-2 [192.0.2.25]) by filter',
    },
    { it: 'a relay, by its IPv6 address', above: 'from filter-2 ([2001:db8:f::25] helo=f) by filter' },
    { it: 'a relay, by its mapped address', above: 'from filter-2 (f [::ffff:192.0.2.25]) by filter' },
    { it: 'a node', above: 'from gateway-2 (gateway-2 [192.0.2.2]) by filter (Haraka/3.3.4)' },
    {
      it: 'the relay itself, as amavis',
      above: 'from localhost (localhost [127.0.0.1]) by filter (Postfix)',
    },
    { it: 'the relay itself, over IPv6', above: 'from localhost (localhost [::1]) by filter (Postfix)' },
    { it: 'the relay itself, as Proofpoint', above: 'from pps.filterd (m01 [127.0.0.1]) by m01 (8.18.1)' },
  ] as const;
  for (const { it: title, above } of cases) {
    void it(title, () =>
      assert.equal(clientIn(`Received: ${above}`, stranger, forged), '203.0.113.5 x.example'),
    );
  }

  void it('nobody, where all are ours', () => {
    assert.equal(clientIn('Received: from filter-2 (filter-2 [192.0.2.25]) by filter'), undefined);
  });
});

void describe('nothing that the sender writes below hides the field of the relay', () => {
  const field = 'Received: from x.example\n\t(unknown [203.0.113.5])\n\tby filter (Postfix)';
  const cases = [
    { it: 'a line that is no header field', below: 'no header field' },
    { it: 'a space before the colon', below: 'From : friend@partner.example' },
    { it: 'a NUL', below: 'From: friend\0@partner.example' },
    { it: 'a bare CR', below: 'X: y\rReceived: from mx (mx [198.51.100.2])' },
    { it: 'a line that begins with a dot', below: '.Received: from mx (mx [198.51.100.2]) by y' },
    { it: 'a letter of eight bits in a name', below: 'Fröm: friend@partner.example' },
  ] as const;
  for (const { it: title, below } of cases) {
    void it(title, () => {
      assert.equal(clientIn(field, below, 'From: friend@partner.example'), '203.0.113.5 x.example');
    });
  }

  void it('a filter’s own fields above it', () => {
    assert.equal(clientIn('X-Spam-Score: 0.1', 'rEcEiVeD:from x (y [203.0.113.5]) by z'), '203.0.113.5 x');
  });
});
