import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from '../../../plugins/core/secret.ts';
import { LoginExchange, offeredIn } from '../../../plugins/core/smart-host/exchange.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = `C: AUTH PLAIN ${base64('\0user\0pässword')}`;

/** What the server offers and says, and what becomes of it. */
const cases: readonly { it: string; offers: string; dialogue: readonly string[]; end: string }[] = [
  {
    it: 'PLAIN before all',
    offers: 'CRAM-MD5 LOGIN PLAIN',
    dialogue: [plain, 'S: 235 2.7.0 OK'],
    end: 'accepted',
  },
  {
    ...{ it: 'a reply of several lines', offers: 'PLAIN', end: 'accepted' },
    dialogue: [plain, 'S: 235-2.7.0 Welcome', 'S: 235 2.7.0 OK'],
  },
  {
    ...{ it: 'LOGIN, whatever it asks', offers: 'XOAUTH2 LOGIN', end: 'accepted' },
    dialogue: [
      'C: AUTH LOGIN',
      'S: 334 dXNlcm5hbWU6',
      `C: ${base64('user')}`,
      'S: 334',
      `C: ${base64('pässword')}`,
      'S: 235 OK',
    ],
  },
  { it: 'nothing offered', offers: '', dialogue: [], end: 'offers no AUTH: a login takes PLAIN or LOGIN' },
  {
    ...{ it: 'nothing that fits', offers: 'CRAM-MD5 NTLM', dialogue: [] },
    end: 'offers AUTH CRAM-MD5 NTLM only: a login takes PLAIN or LOGIN',
  },
  {
    ...{ it: 'a refusal', offers: 'PLAIN', dialogue: [plain, 'S: 535 5.7.8 No'] },
    end: 'refuses the credentials of user: 535 5.7.8 No',
  },
  {
    ...{ it: 'trouble', offers: 'PLAIN', dialogue: [plain, 'S: 454 4.7.0 Later'] },
    end: 'does not take the login of user: 454 4.7.0 Later',
  },
  {
    ...{ it: 'a success that is none of a login', offers: 'PLAIN', dialogue: [plain, 'S: 250 OK'] },
    end: 'does not take the login of user: 250 OK',
  },
  {
    ...{ it: 'what is no reply', offers: 'PLAIN', dialogue: [plain, 'S: hello'] },
    end: 'does not take the login of user: hello',
  },
  {
    ...{ it: 'a question too many', offers: 'PLAIN', dialogue: [plain, 'S: 334 '] },
    end: 'asks for more than the mechanism has',
  },
  ...['AUTH PLAIN AHVzZXIAcMOkc3N3b3Jk?', 'pässword', `<${base64('pässword')}>`].map((said) => ({
    ...{ it: `a reply that repeats ${said}`, offers: 'PLAIN', dialogue: [plain, `S: 500 what: ${said}`] },
    end: 'refuses the credentials of user: 500 (what it says repeats the password)',
  })),
];

void describe('a login at a smart host', () => {
  for (const { it: what, offers, dialogue, end } of cases) {
    void it(what, () => {
      const exchange = new LoginExchange({ user: 'user', password: Secret.fromText('pässword') });
      let step = exchange.begin(offers.split(' ').filter(Boolean)) as ReturnType<typeof exchange.hear>;
      for (const line of dialogue) {
        if (line.startsWith('S: ')) step = exchange.hear(line.slice(3));
        else assert.equal(step?.kind === 'say' && `C: ${step.line}`, line);
        if (step?.kind === 'say')
          assert.ok(!/[a-z0-9]{8}/i.test(step.shown.replace(/AUTH \w+/, '')), step.shown);
      }
      assert.equal(step?.kind === 'failed' ? step.why : step?.kind, end);
    });
  }
});

void it('mechanisms are read as servers write them', () => {
  const lines = ['250-smart.example\r\n', '250-AUTH plain  LOGIN\r\n', '250-AUTH=NTLM\r\n', '250 SIZE 1\r\n'];
  assert.deepEqual(offeredIn(lines), ['PLAIN', 'LOGIN', 'NTLM']);
  assert.deepEqual(offeredIn(['250 AUTHX PLAIN', '535-AUTH PLAIN']), []);
});
