import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, InvalidCredentialsError } from 'ldapts';
import type { Directory } from '../../../plugins/core/directory/directory.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { createAuthority, type Authority } from '../../support/ldap-certificates.ts';
import { awkwardLdif } from '../../support/directory-people.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { atEnd, client } from './fixtures.ts';
import { directoryContract, inBrief, settingsFor, type Running } from './contract.ts';

const servicePassword = (): Secret => Secret.fromText('pw-gatekeeper');

async function startWithTls(): Promise<{ slapd: Slapd; authority: Authority; stop: () => Promise<void> }> {
  const authority = await createAuthority();
  const certificate = await authority.issue('DNS:localhost', 'IP:127.0.0.1');
  const slapd = await startSlapd({ ldif: awkwardLdif(), tls: { caFile: authority.caFile, ...certificate } });
  const stop = async (): Promise<void> => {
    await slapd.stop();
    await authority.remove();
  };
  return { slapd, authority, stop };
}

async function inClear(): Promise<Running> {
  const slapd = await startSlapd({ ldif: awkwardLdif() });
  return {
    settings: settingsFor([slapd.url]),
    secrets: { bindPassword: servicePassword() },
    stop: slapd.stop,
  };
}

async function overLdaps(): Promise<Running> {
  const { slapd, authority, stop } = await startWithTls();
  const settings = settingsFor([`ldaps://localhost:${slapd.tlsPort}`]);
  return { settings, secrets: { bindPassword: servicePassword(), ca: authority.ca }, stop };
}

async function afterStartTls(): Promise<Running> {
  const { slapd, authority, stop } = await startWithTls();
  const settings = settingsFor([slapd.url], { start_tls: true });
  return { settings, secrets: { bindPassword: servicePassword(), ca: authority.ca }, stop };
}

directoryContract('slapd in clear on the loopback address', inClear);
directoryContract('slapd over ldaps', overLdaps);
directoryContract('slapd after StartTLS, by address', afterStartTls);

describe('directory: what only a real server shows', () => {
  let slapd: Slapd;
  let directory: Directory;
  const logged: string[] = [];
  const brief = async (login: string, password: string): Promise<string> =>
    inBrief(await directory.verify(login, Secret.fromText(password)));

  before(async () => {
    slapd = await startSlapd({ ldif: awkwardLdif() });
    const secrets = { bindPassword: servicePassword() };
    directory = createLdapDirectory(settingsFor([slapd.url]), secrets, (line) => logged.push(line));
  });
  after(async () => {
    directory.close();
    await slapd.stop();
  });

  it('is unavailable, and names them, when several entries have one login', async () => {
    const people = 'ou=people,dc=corp,dc=example';
    const said = `directory: the login "twin@corp.example" is ambiguous: it is that of uid=twin1,${people} and uid=twin2,${people}`;
    await assert.rejects(brief('twin@corp.example', 'pw-twin'), { name: 'Unavailable', message: said });
    assert.ok(logged.includes(said), logged.join('\n'));
  });

  it('names an account without addresses by its DN', async () => {
    assert.equal(await brief('nomail', 'pw-nomail'), 'uid=nomail,ou=people,dc=corp,dc=example');
  });

  it('drops values that are no addresses, and says so once', async () => {
    assert.equal(await brief('badmail', 'pw-badmail'), 'good@corp.example');
    assert.equal(await brief('badmail', 'pw-badmail'), 'good@corp.example');
    assert.equal(logged.filter((line) => line.includes('"not an address"')).length, 1);
  });

  for (const { login, password, is } of [
    { login: 'comma,name', password: 'pw-comma', is: 'comma@corp.example' },
    { login: 'comma,name', password: 'wrong', is: 'wrong-password' },
    { login: 'plus+q"h#;a<b>\\', password: 'pw-plus', is: 'plus@corp.example' },
    { login: 'plus+q"h#;a<b>\\', password: 'wrong', is: 'wrong-password' },
    { login: 'ŽLUŤOUČKÝ', password: 'wrong-ž', is: 'wrong-password' },
  ]) {
    it(`takes the login ${login} to its entry (${is})`, async () => {
      assert.equal(await brief(login, password), is);
    });
  }

  it('sends logins and passwords as UTF-8', async () => {
    assert.match(await brief('žluťoučký', 'heslo-ž€😀'), /^uid=/);
  });

  it('gives the verdicts that ldapts gives', async () => {
    for (const who of ['alice', 'bob', 'nomail', 'badmail']) {
      for (const password of [`pw-${who}`, 'wrong', `pw-${who} `, 'pw-ž', `pw-${who}`.toUpperCase()]) {
        const refused = (await brief(who, password)) === 'wrong-password';
        assert.equal(refused, await isRefusedByLdapts(slapd.url, who, password), `${who} with ${password}`);
      }
    }
  });

  it('finds the server again after it was killed and restarted', async () => {
    assert.equal(await brief('alice', 'pw-alice'), 'alice@corp.example');
    await slapd.kill();
    await slapd.start();
    assert.equal(await brief('alice', 'pw-alice'), 'alice@corp.example');
    assert.equal(await brief('alice', 'wrong'), 'wrong-password');
  });

  it('is unavailable while the server is down, and no longer', async () => {
    await slapd.kill();
    await assert.rejects(brief('alice', 'pw-alice'), { name: 'Unavailable', message: /ECONNREFUSED/ });
    await slapd.start();
    assert.equal(await brief('alice', 'pw-alice'), 'alice@corp.example');
  });
});

describe('directory: two servers, of which one dies in the middle', () => {
  it('gives every login its verdict', async () => {
    const servers = await Promise.all([
      startSlapd({ ldif: awkwardLdif() }),
      startSlapd({ ldif: awkwardLdif() }),
    ]);
    for (const { stop } of servers) atEnd(stop);
    const { directory } = client(
      servers.map(({ url }) => url),
      { operation_timeout_seconds: 5, login_timeout_seconds: 10, queue: 1000 },
    );
    const logins = Array.from({ length: 400 }, async (_, n) => {
      await sleep(n);
      if (n === 200) await servers[0].kill();
      const password = Secret.fromText(n % 2 === 0 ? 'pw-alice' : 'wrong');
      return inBrief(await directory.verify('alice', password));
    });
    const verdicts = await Promise.all(logins);
    assert.deepEqual(
      verdicts,
      verdicts.map((_, n) => (n % 2 === 0 ? 'alice@corp.example' : 'wrong-password')),
    );
  });
});

async function isRefusedByLdapts(url: string, who: string, password: string): Promise<boolean> {
  const client = new Client({ url });
  try {
    await client.bind(`uid=${who},ou=people,dc=corp,dc=example`, password);
    return false;
  } catch (error) {
    if (error instanceof InvalidCredentialsError) return true;
    throw error;
  } finally {
    await client.unbind();
  }
}
