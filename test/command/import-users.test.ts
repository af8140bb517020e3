import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, gatekeeper, peopleBase } from '../../scripts/demo/people.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { loggedIn } from '../support/smtp.ts';
import { importIn, makeHaraka } from './haraka-directory.ts';

const ini = `[core]
methods=PLAIN
[users]
erin@corp.example = correct horse ; battery
a+b@corp.example = 0042
matt = pw-matt
`;

const logins = [
  {
    it: 'by a name that is an address',
    login: 'erin@corp.example',
    password: 'correct horse ; battery',
    own: 250,
  },
  { it: 'in whatever case', login: 'Erin@CORP.example', password: 'correct horse ; battery', own: 250 },
  { it: 'with a password of digits, as Haraka took it', login: 'a+b@corp.example', password: '42', own: 250 },
  { it: 'by a name that is no address, and may send nothing', login: 'matt', password: 'pw-matt', own: 553 },
];

/** The directory that the users move into, without those of the sample. */
const tree = entries().filter(({ dn }) => !dn.startsWith('uid='));

describe('users of auth/flat_file, moved into slapd by the LDIF of gatekeeper import', () => {
  let slapd: Slapd;
  let test: TestGateway;

  before(async () => {
    const dir = makeHaraka({ 'config/plugins': 'tls\nauth/flat_file\n', 'config/auth_flat_file.ini': ini });
    const { code, stdout, stderr } = await importIn(dir, [
      '--json',
      '--ldif',
      'users.ldif',
      '--base',
      peopleBase,
    ]);
    assert.equal(code, 0, stderr);
    const { settings } = JSON.parse(stdout) as { settings: string };
    const { directory } = parse(settings) as { directory: object };
    slapd = await startSlapd({
      ldif: [ldif(tree), readFileSync(join(dir, 'users.ldif'), 'utf8')].join('\n'),
    });
    // What the proposal leaves to be filled in.
    const filledIn = { urls: [slapd.url], bind_dn: gatekeeper.dn };
    test = await startTestGateway({ settings: { directory: { ...directory, ...filledIn } } });
  });
  after(async () => {
    await test.stop();
    await slapd.stop();
  });

  for (const { it: how, login, password, own } of logins) {
    it(`log in ${how}`, async () => {
      const client = await loggedIn({ port: test.ports.submission }, login, password);
      const sender = login.includes('@') ? login : `${login}@corp.example`;
      assert.equal((await client.command(`MAIL FROM:<${sender}>`)).code, own);
      client.destroy();
    });
  }

  it('do not log in with another password', async () => {
    await assert.rejects(
      loggedIn({ port: test.ports.submission }, 'a+b@corp.example', '0042'),
      /535 5\.7\.8/,
    );
  });

  it('send as nobody else any more', async () => {
    const client = await loggedIn({ port: test.ports.submission }, 'a+b@corp.example', '42');
    assert.equal((await client.command('MAIL FROM:<erin@corp.example>')).code, 553);
    client.destroy();
  });
});
