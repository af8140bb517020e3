import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, gatekeeper as service, peopleBase, suffix } from '../../scripts/demo/people.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { plain } from '../support/smtp.ts';
import { inForce, Operator, refused } from './operator.ts';
import { greeted } from './traffic.ts';

/** As all the world has it, with the address of another domain for alice, and another password. */
function acmeLdif(): string {
  return ldif(
    entries().map((entry) => {
      if (entry.attributes['uid']?.[0] !== 'alice') return entry;
      const changes = { mail: ['alice@acme.example'], userPassword: ['pw-acme'] };
      return { ...entry, attributes: { ...entry.attributes, ...changes } };
    }),
  );
}

void describe('a directory for one domain, which comes while the gateway runs', () => {
  let acme: Slapd;
  let gateway: TestGateway;
  let operator: Operator;
  before(async () => {
    acme = await startSlapd({ ldif: acmeLdif() });
    gateway = await startTestGateway({ nodes: 2, settings: { directory: { cache_seconds: 0 } } });
    operator = new Operator(gateway);
    mkdirSync(operator.file('gatekeeper.d'));
    writeFileSync(operator.file('acme.password'), `${service.password}\n`, { mode: 0o600 });
  });
  after(async () => {
    await gateway.stop();
    await acme.stop();
  });

  const settings = () => ({
    ...{ name: 'acme', login_domains: ['acme.example'], urls: [acme.url], start_tls: false },
    ...{ bind_dn: service.dn, bind_password_file: 'acme.password', base: suffix, cache_seconds: 0 },
  });
  const write = (more: object = {}) =>
    writeFileSync(
      operator.file('gatekeeper.d/acme.yaml'),
      stringify({ directories: [{ ...settings(), ...more }] }),
    );

  /** The answers to two logins, so that each worker is likely to be asked. */
  async function login(who: string, password: string): Promise<string> {
    const answers = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
      const { text } = await client.command(`AUTH PLAIN ${plain(who, password)}`);
      client.destroy();
      answers.push(text.slice(0, 9));
    }
    return [...new Set(answers)].join();
  }

  void it('takes over the logins of its domain, and no others', async () => {
    assert.equal(await login('alice@acme.example', 'pw-acme'), '535 5.7.8');
    await operator.and(() => write(), inForce);
    assert.equal(await login('alice@acme.example', 'pw-acme'), '235 2.7.0');
    assert.equal(await login('alice@ACME.example ', 'pw-alice'), '535 5.7.8');
    assert.equal(await login('alice@corp.example', 'pw-alice'), '235 2.7.0');
    assert.equal(await login('alice@corp.example', 'pw-acme'), '535 5.7.8');
  });

  void it('gives the rights that it says, to an identity of its own', async () => {
    const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
    assert.equal((await client.command(`AUTH PLAIN ${plain('alice@acme.example', 'pw-acme')}`)).code, 235);
    assert.equal((await client.command('MAIL FROM:<bob@corp.example>')).code, 553);
    assert.equal((await client.command('MAIL FROM:<alice@acme.example>')).code, 250);
    client.destroy();
    const dn = `uid=alice,${peopleBase}`;
    const ids = () => gateway.events().flatMap(({ identity_id: id }) => id ?? []);
    await eventually('the event', () => ids().includes(`acme:${dn}`));
    assert.deepEqual([...new Set(ids())].sort(), [`acme:${dn}`, dn]);
  });

  void it('is down alone, and says so in its name', async () => {
    await acme.kill();
    assert.equal(await login('alice@acme.example', 'pw-acme'), '454 4.7.0');
    assert.equal(await login('alice@corp.example', 'pw-alice'), '235 2.7.0');
    const problem = `directories.acme: ${acme.url}: `;
    await eventually('the complaint', () => gateway.log().includes(`[gatekeeper/auth] ${problem}`));
    const details = () => gateway.events().filter(({ verdict }) => verdict === 'defer');
    await eventually('the event', () => details().some(({ detail }) => detail?.startsWith(problem)));
    await acme.start();
  });

  void it('has its own password, whose file is watched', async () => {
    const password = readFileSync(operator.file('acme.password'));
    await operator.and(() => writeFileSync(operator.file('acme.password'), 'wrong\n'), inForce);
    assert.equal(await login('alice@acme.example', 'pw-acme'), '454 4.7.0');
    assert.equal(await login('alice@corp.example', 'pw-alice'), '235 2.7.0');
    await operator.and(() => writeFileSync(operator.file('acme.password'), password), inForce);
    assert.equal(await login('alice@acme.example', 'pw-acme'), '235 2.7.0');
  });

  void it('is refused when it cannot be meant, and what was stays', async () => {
    await operator.and(() => write({ scram_attribute: 'gatekeeperScramVerifier' }), refused);
    assert.match(gateway.log(), /gatekeeper\.d\/acme\.yaml:\d+:\d+: directories\.0\.scram_attribute: all/);
    assert.equal(await login('alice@acme.example', 'pw-acme'), '235 2.7.0');
    await operator.and(() => write(), inForce);
  });

  void it('is remembered by itself, and forgotten by the command', async () => {
    await operator.and(() => write({ cache_seconds: 60 }), inForce);
    for (let turn = 0; turn < 3; turn += 1) await login('alice@acme.example', 'pw-acme');
    await acme.kill();
    assert.equal(await login('alice@acme.example', 'pw-acme'), '235 2.7.0');
    const id = `acme:uid=alice,${peopleBase}`;
    assert.equal((await gatekeeper(['forget', id], { haraka: gateway.dir })).code, 0);
    assert.equal(await login('alice@acme.example', 'pw-acme'), '454 4.7.0');
    await acme.start();
  });
});
