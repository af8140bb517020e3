import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries } from '../../scripts/demo/people.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { plain } from '../support/smtp.ts';
import { greeted } from './traffic.ts';

/** One password as two systems send it; alice's is stored as SASLprep has it, bob's as it was typed. */
const composed = 'p\u00e4ss\u2116';
const decomposed = 'pa\u0308ss\u2116';
const passwords: Readonly<Record<string, string>> = { alice: 'p\u00e4ssNo', bob: decomposed };

let slapd: Slapd;
before(async () => {
  const people = entries().map((entry) => {
    const own = passwords[entry.attributes['uid']?.[0] ?? ''];
    return own ? { ...entry, attributes: { ...entry.attributes, userPassword: [own] } } : entry;
  });
  slapd = await startSlapd({ ldif: ldif(people) });
});
after(() => slapd.stop());

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

/** The answers to a login by PLAIN and by LOGIN. */
async function login(gateway: TestGateway, who: string, password: string | Buffer): Promise<string[]> {
  const name = `${who}@corp.example`;
  const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
  const response =
    typeof password === 'string'
      ? plain(name, password)
      : base64(Buffer.concat([Buffer.from(`\0${name}\0`), password]));
  const first = await client.command(`AUTH PLAIN ${response}`);
  client.destroy();
  const again = await greeted({ port: gateway.ports.implicit, implicitTls: true });
  await again.command(`AUTH LOGIN ${base64(name)}`);
  const second = await again.command(base64(password));
  again.destroy();
  return [first, second].map(({ text }) => text.slice(0, 9));
}

const accepted = ['235 2.7.0', '235 2.7.0'];
const refused = ['535 5.7.8', '535 5.7.8'];

for (const { preparation, cases } of [
  {
    preparation: 'none',
    cases: [
      { it: 'a correct password that is not NFKC', who: 'bob', password: decomposed, is: accepted },
      { it: 'another spelling of it', who: 'bob', password: composed, is: refused },
    ],
  },
  {
    preparation: 'saslprep',
    cases: [
      { it: 'a password as one system sends it', who: 'alice', password: composed, is: accepted },
      { it: 'the same as another one does', who: 'alice', password: decomposed, is: accepted },
      { it: 'and the first again, remembered', who: 'alice', password: composed, is: accepted },
      { it: 'a wrong one', who: 'alice', password: `${composed}!`, is: refused },
      { it: 'one that was stored unprepared', who: 'bob', password: decomposed, is: refused },
      { it: 'a prohibited character', who: 'alice', password: 'a\ue000', is: refused },
      { it: 'nothing but a soft hyphen', who: 'alice', password: '\u00ad', is: refused },
      { it: 'no UTF-8', who: 'alice', password: Buffer.from([0x70, 0xe4, 0x73]), is: refused },
    ],
  },
]) {
  void describe(`a gateway with password_preparation ${preparation}`, () => {
    let gateway: TestGateway;
    before(async () => {
      const directory = { password_preparation: preparation };
      gateway = await startTestGateway({ directoryUrl: slapd.url, settings: { directory } });
    });
    after(() => gateway.stop());

    for (const { it: title, who, password, is } of cases) {
      void it(`${is === accepted ? 'accepts' : 'refuses'} ${title}`, async () => {
        assert.deepEqual(await login(gateway, who, password), is);
      });
    }

    void it('says why in the event, and the password nowhere', async () => {
      const failures = cases.filter(({ is }) => is === refused).length * 2;
      const causes = await eventually('the events', () => {
        const all = gateway
          .events()
          .filter(({ check, verdict }) => check === 'auth/login' && verdict !== 'pass');
        return all.length === failures && all.map(({ detail }) => detail);
      });
      const malformed = causes.filter((cause) => cause === 'malformed-password').length;
      assert.equal(malformed, preparation === 'none' ? 0 : 6, String(causes));
      const text = gateway.log() + JSON.stringify(gateway.events());
      for (const part of ['p\u00e4', 'pa\u0308', 'ss\u2116']) assert.ok(!text.includes(part));
    });
  });
}
