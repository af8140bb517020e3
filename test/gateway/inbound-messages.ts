/** A message as another server brings it; the recipient is bob where nothing else is said. */
export interface Inbound {
  readonly it: string;
  readonly ip: string;
  readonly helo: string;
  readonly from: string;
  readonly to?: string;
  /** Header fields; the author stands in them. */
  readonly header: readonly string[];
  readonly body?: string;
}

const relayed = (by: string) => `Received: ${by}; Tue, 24 Nov 2026 10:00:00 +0000`;
export const authored = (author: string) => [`From: ${author}`, 'Subject: hello'];
const ofAlice = authored('Alice Smith <alice@corp.example>');
const report = [
  'From: Mail Delivery System <MAILER-DAEMON@partner.example>',
  'To: alice@corp.example',
  'Subject: Undelivered Mail Returned to Sender',
  'Auto-Submitted: auto-replied',
  'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
];
const reportBody = '--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--';

const bounce = { from: '', to: 'alice@corp.example', header: report, body: reportBody };

const partner = { ip: '198.51.100.5', helo: 'out.partner.example', from: 'friend@partner.example' };
const list = { ip: '203.0.113.20', helo: 'mail.lists.example' };
const google = { ip: '203.0.113.70', helo: 'mail-ed1-x52a.google.example' };

/** None of these may be refused. */
export const messages: readonly Inbound[] = [
  { it: 'a letter', ...partner, header: authored('friend@partner.example') },
  {
    it: 'a letter by IPv6',
    ...google,
    ip: '2001:db8:64::7',
    from: 'x@google.example',
    header: authored('x@google.example'),
  },
  {
    it: 'a letter with a name in other letters',
    ...partner,
    header: authored('=?utf-8?q?J=C3=BCrgen?= <friend@partner.example>'),
  },
  { it: 'a letter in 8-bit', ...partner, header: authored('friend@partner.example'), body: 'Grüße' },
  {
    it: 'a letter of several authors',
    ...partner,
    header: [...authored('friend@partner.example, other@partner.example'), 'Sender: friend@partner.example'],
  },
  {
    it: 'a letter to postmaster from a server that SPF does not know',
    ip: '203.0.113.5',
    helo: 'other.example',
    from: 'friend@partner.example',
    to: 'postmaster@corp.example',
    header: authored('friend@partner.example'),
  },
  {
    it: 'a letter to abuse from there',
    ip: '203.0.113.5',
    helo: 'other.example',
    from: 'friend@partner.example',
    to: 'abuse@corp.example',
    header: authored('friend@partner.example'),
  },
  {
    it: 'a softfail',
    ip: '198.51.100.9',
    helo: 'mail.old.example',
    from: 'a@old.example',
    header: authored('a@old.example'),
  },
  {
    it: 'a neutral',
    ip: '198.51.100.9',
    helo: 'mail.university.example',
    from: 'a@university.example',
    header: authored('a@university.example'),
  },
  {
    it: 'no record',
    ip: '198.51.100.9',
    helo: 'mail.nowhere.example',
    from: 'a@nowhere.example',
    header: authored('a@nowhere.example'),
  },
  {
    it: 'a broken record',
    ip: '198.51.100.9',
    helo: 'mail.broken.example',
    from: 'a@broken.example',
    header: authored('a@broken.example'),
  },
  {
    it: '+all',
    ip: '203.0.113.99',
    helo: 'any.plus.example',
    from: 'a@plus.example',
    header: authored('a@plus.example'),
  },
  {
    it: 'HELO by address',
    ip: '198.51.100.5',
    helo: '[198.51.100.5]',
    from: 'friend@partner.example',
    header: authored('friend@partner.example'),
  },
  {
    it: 'HELO of one word',
    ip: '198.51.100.5',
    helo: 'mailserver',
    from: 'friend@partner.example',
    header: authored('friend@partner.example'),
  },
  {
    it: 'Microsoft 365',
    ip: '198.51.100.140',
    helo: 'EUR05-DB8-obe.outbound.outlook.example',
    from: 'a@outlook.example',
    header: [
      relayed(
        'from AM0PR01MB1.eurprd01.outlook.example (2001:db8:1::1) by DB8PR01MB2 (2001:db8:2::1) with Microsoft SMTP Server',
      ),
      'X-MS-Exchange-Organization-AuthAs: Internal',
      ...authored('a@outlook.example'),
    ],
  },
  {
    it: 'a list that keeps the author: one of us wrote to it',
    ...list,
    from: 'talk-bounces@lists.example',
    header: ['List-Id: <talk.lists.example>', 'Sender: talk-bounces@lists.example', ...ofAlice],
  },
  {
    it: 'the same with the signature of ours that the list broke',
    ...list,
    from: 'talk-bounces@lists.example',
    header: [
      'DKIM-Signature: v=1; a=rsa-sha256; d=corp.example; s=m; h=from; bh=x; b=y',
      'List-Id: <talk.lists.example>',
      ...ofAlice,
    ],
  },
  {
    it: 'a list that rewrites the author',
    ...list,
    from: 'talk-bounces@lists.example',
    header: [
      'List-Id: <talk.lists.example>',
      'Reply-To: alice@corp.example',
      ...authored('Alice Smith via Talk <talk@lists.example>'),
    ],
  },
  {
    it: 'a list with a return path for each reader',
    ...list,
    from: 'talk-bounces+bob=corp.example@lists.example',
    header: ['List-Id: <talk.lists.example>', ...ofAlice],
  },
  {
    it: 'a group of a big provider',
    ...google,
    from: 'team+bncBAABBXXXX@google.example',
    header: ['List-ID: <team.google.example>', 'X-Google-Group-Id: 1', ...ofAlice],
  },
  {
    it: 'a digest',
    ...list,
    from: 'talk-bounces@lists.example',
    header: authored('talk-request@lists.example'),
  },
  {
    it: 'a forwarded letter, its sender rewritten (SRS)',
    ip: '203.0.113.40',
    helo: 'out.forwarder.example',
    from: 'SRS0=HHH=TT=partner.example=friend@forwarder.example',
    header: authored('friend@partner.example'),
  },
  {
    it: 'a letter of one of us, forwarded back (SRS)',
    ip: '203.0.113.40',
    helo: 'out.forwarder.example',
    from: 'SRS0=HHH=TT=corp.example=alice@forwarder.example',
    header: ofAlice,
  },
  {
    it: 'a bounce',
    ip: '198.51.100.5',
    helo: 'out.partner.example',
    ...bounce,
  },
  {
    it: 'a bounce of a server without a record',
    ip: '198.51.100.9',
    helo: 'mail.nowhere.example',
    ...bounce,
  },
  {
    it: 'a bounce of a server that has one',
    ip: '198.51.100.2',
    helo: 'mx.partner.example',
    ...bounce,
  },
  {
    it: 'a bounce that quotes a letter of ours',
    ip: '198.51.100.5',
    helo: 'out.partner.example',
    from: '',
    to: 'alice@corp.example',
    header: report,
    body: `${reportBody}\r\nFrom: alice@corp.example`,
  },
  {
    it: 'a receipt',
    ip: '198.51.100.5',
    helo: 'out.partner.example',
    from: '',
    to: 'alice@corp.example',
    header: [
      'From: friend@partner.example',
      'Subject: Read',
      'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"',
    ],
    body: reportBody,
  },
  {
    it: 'an answer of somebody who is away',
    ...partner,
    header: ['Auto-Submitted: auto-replied', 'Precedence: bulk', ...authored('friend@partner.example')],
  },
  {
    it: 'an invitation',
    ...google,
    from: 'x@google.example',
    header: ['Content-Type: text/calendar; method=REQUEST', ...authored('x@google.example')],
    body: 'BEGIN:VCALENDAR\r\nORGANIZER:mailto:alice@corp.example\r\nEND:VCALENDAR',
  },
  {
    it: 'an invitation of one of us that somebody passed on',
    ...google,
    from: 'x@google.example',
    header: [
      'Sender: calendar-notification@google.example',
      'Content-Type: text/calendar; method=REQUEST',
      ...ofAlice,
    ],
  },
  {
    it: 'a service that notifies in the name of one of us',
    ip: '203.0.113.66',
    helo: 'out.tracker.example',
    from: 'bounce+1234@tracker.example',
    header: ['Sender: notifications@tracker.example', ...authored('Alice Smith <alice@corp.example>')],
  },
  {
    it: 'a service that writes "via"',
    ip: '203.0.113.66',
    helo: 'out.tracker.example',
    from: 'bounce+1234@tracker.example',
    header: [
      'Reply-To: alice@corp.example',
      ...authored('"Alice Smith (via Tracker)" <no-reply@tracker.example>'),
    ],
  },
  {
    it: 'a newsletter whose record asks for each client',
    ip: '203.0.113.50',
    helo: 'mta1.esp.example',
    from: 'b-77-bob=corp.example@bounces.esp.example',
    header: ['List-Unsubscribe: <mailto:u@esp.example>', ...authored('news@shop.example')],
  },
  {
    it: 'one of our web servers, without a login',
    ip: '192.0.2.10',
    helo: 'web.corp.example',
    from: 'shop@corp.example',
    header: authored('shop@corp.example'),
  },
  {
    it: 'a partner that our record includes',
    ip: '198.51.100.70',
    helo: 'out.newsletter.example',
    from: 'news@corp.example',
    header: authored('news@corp.example'),
  },
  {
    it: 'fields of other servers about SPF and DKIM',
    ...partner,
    header: [
      'Received-SPF: pass (mx.other.example: fine) receiver=mx.other.example;',
      'Authentication-Results: mx.other.example; spf=pass',
      ...authored('friend@partner.example'),
    ],
  },
  { it: 'a letter without From', ...partner, header: ['Subject: hello'] },
  {
    it: 'a letter with a From that few can read',
    ...partner,
    header: authored('Friend of the Company, Inc. <friend@partner.example>'),
  },
  { it: 'a letter with an empty body', ...partner, header: authored('friend@partner.example'), body: '' },
];
