import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Client, type Entry } from 'ldapts';
import { certificateIn } from '../../../scripts/demo/certificates.ts';
import { startDirectory } from '../../../scripts/demo/directory.ts';
import { ldif } from '../../../scripts/demo/ldif.ts';
import type { Listening } from '../../../scripts/demo/listening.ts';
import { entries, gatekeeper, people, peopleBase, suffix } from '../../../scripts/demo/people.ts';
import { startSlapd } from '../../support/slapd.ts';
import { varDir } from '../../../scripts/demo/instance.ts';

const alice = `uid=alice,${peopleBase}`;
const everyUid = people.map(({ uid }) => uid).sort();

/** As the introduction of the LDIF has it: only the gateway's own account searches. */
const access = `access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact=${gatekeeper.dn} read by * none`;

const servers = [
  { server: 'the embedded directory', start: () => startDirectory({ port: 0, entries: entries() }) },
  { server: 'slapd', start: () => startSlapd({ ldif: ldif(entries()), access }) },
];

const binds = [
  { it: 'the right password', dn: alice, password: 'pw-alice', result: 0 },
  { it: 'a DN in another spelling', dn: `UID=Alice, OU=people,${suffix}`, password: 'pw-alice', result: 0 },
  { it: 'the gateway itself', dn: gatekeeper.dn, password: gatekeeper.password, result: 0 },
  {
    it: 'a disabled account: whether it may log in is not for the directory to say',
    dn: `uid=retired,${peopleBase}`,
    password: 'pw-retired',
    result: 0,
  },
  { it: 'a wrong password', dn: alice, password: 'pw-bob', result: 49 },
  { it: 'a password in another case', dn: alice, password: 'PW-ALICE', result: 49 },
  { it: 'nobody', dn: `uid=nobody,${peopleBase}`, password: 'pw-nobody', result: 49 },
  { it: 'an entry without a password', dn: peopleBase, password: 'x', result: 49 },
  { it: 'an empty password (RFC 4513 §5.1.2)', dn: alice, password: '', result: 53 },
  { it: 'an empty DN with a password', dn: '', password: 'pw-alice', result: 49 },
  { it: 'no DN and no password, which is anonymous', dn: '', password: '', result: 0 },
  { it: 'a name that is no DN', dn: 'alice', password: 'pw-alice', result: 34 },
] as const;

const searches = [
  { filter: '(mail=alice@corp.example)', found: ['alice'] },
  { filter: '(MAIL=ALICE@corp.EXAMPLE)', found: ['alice'] },
  { filter: '(mail=  alice@corp.example  )', found: ['alice'] },
  { filter: '(uid=Alice )', found: ['alice'] },
  { filter: '(cn=scanner   3RD  floor)', found: ['scanner'] },
  { filter: '(mailAlternateAddress=team@corp.example)', found: ['alice'] },
  { filter: '(&(objectClass=inetOrgPerson)(mail=bob@corp.example))', found: ['bob'] },
  { filter: '(|(mail=bob@corp.example)(uid=carol))', found: ['bob', 'carol'] },
  {
    filter: '(&(objectClass=inetOrgPerson)(!(accountStatus=*)))',
    found: everyUid.filter((uid) => uid !== 'retired'),
  },
  { filter: '(accountStatus=DISABLED)', found: ['retired'] },
  { filter: '(mail=*@corp.example)', found: everyUid },
  { filter: '(mailAlternateAddress=an*bounces*example)', found: ['lists'] },
  { filter: '(mail=alice*alice@corp.example)', found: [] },
  { filter: '(mail=alice@corp.example\\5c)', found: [] },
  { filter: '(mail=\\2a)', found: [] },
  { filter: '(mail=\\2a\\29\\28uid=\\2a)', found: [] },
  { filter: '(mail=alice@corp.example\\29\\28uid=\\2a)', found: [] },
  { filter: '(mail=\\e2\\84\\aa)', found: [] },
  { filter: '(mail=\\f0\\9f\\98\\80@corp.example)', found: [] },
  { filter: '(mail=\\ff)', found: [] },
  { filter: '(mail=)', found: [] },
  { filter: '(&(uid=*)(!(mail=)))', found: everyUid },
  { filter: '(userPassword=*)', found: [] },
  { filter: '(!(userPassword=x))', found: [] },
  { filter: '(unheardOf=*)', found: [] },
  { filter: '(!(unheardOf=x))', found: [] },
  { filter: '(mail>=a)', found: [] },
] as const;

const scopes = [
  { scope: 'base', base: alice, found: [alice] },
  { scope: 'one', base: suffix, found: [peopleBase, `ou=services,${suffix}`] },
  { scope: 'one', base: alice, found: [] },
  { scope: 'sub', base: `ou=services,${suffix}`, found: [`ou=services,${suffix}`, gatekeeper.dn] },
] as const;

for (const { server, start } of servers) {
  describe(server, () => {
    let directory: Listening;
    before(async () => void (directory = await start()));
    after(() => directory.stop());

    const url = (): string => `ldap://127.0.0.1:${directory.port}`;

    /** Searches as the gateway does. */
    async function search(base: string, options: Parameters<Client['search']>[1]): Promise<Entry[]> {
      const client = new Client({ url: url(), timeout: 5000 });
      try {
        await client.bind(gatekeeper.dn, gatekeeper.password);
        return (await client.search(base, options)).searchEntries;
      } finally {
        await client.unbind();
      }
    }

    for (const { it, dn, password, result } of binds) {
      test(`answers ${result} to ${it}`, async () => {
        assert.equal(await bindResult(url(), dn, password), result);
      });
    }

    for (const { filter, found } of searches) {
      test(`finds [${found.join()}] by ${filter}`, async () => {
        const entries = await search(peopleBase, { filter, attributes: ['uid'] });
        assert.deepEqual(entries.map((entry) => entry['uid']).sort(), found);
      });
    }

    for (const { scope, base, found } of scopes) {
      test(`has ${found.length} entries for scope ${scope} at ${base}`, async () => {
        const entries = await search(base, { scope, attributes: ['1.1'] });
        assert.deepEqual(entries.map((entry) => entry.dn).sort(), [...found].sort());
      });
    }

    test('returns what was asked for, and a password never', async () => {
      const attributes = ['MAILalternateAddress', 'userPassword', 'cn'];
      const [asked] = await search(alice, { scope: 'base', attributes });
      assert.equal(asked?.['cn'], 'Alice Smith');
      assert.equal((asked['mailAlternateAddress'] ?? asked['MAILalternateAddress'])?.length, 3);
      assert.equal(asked['mail'], undefined);
      const [whole] = await search(alice, { scope: 'base' });
      assert.equal(whole?.['mail'], 'alice@corp.example');
      assert.doesNotMatch(JSON.stringify([asked, whole]), /pw-alice|SSHA/);
    });

    test('answers 32 where there is no such base', async () => {
      await assert.rejects(search(`ou=nowhere,${suffix}`, {}), { code: 32 });
    });

    test('stops at the size limit with 4, and not before it', async () => {
      const find = (limit: number, filter: string): Promise<Found> =>
        ldapsearch(url(), [
          '-D',
          gatekeeper.dn,
          '-w',
          gatekeeper.password,
          '-b',
          peopleBase,
          '-z',
          `${limit}`,
          filter,
          '1.1',
        ]);
      assert.deepEqual(await find(2, '(mail=*)'), { code: 4, entries: 2 });
      assert.deepEqual(await find(2, '(|(uid=alice)(uid=bob))'), { code: 0, entries: 2 });
      assert.deepEqual(await find(0, '(mail=*)'), { code: 0, entries: people.length });
    });

    test('shows nothing to anybody but the gateway', async () => {
      for (const login of [[], ['-D', alice, '-w', 'pw-alice']]) {
        assert.equal((await ldapsearch(url(), [...login, '-b', suffix])).entries, 0);
      }
    });

    test('forgets who was bound when a later bind fails (RFC 4513 §4)', async () => {
      const client = new Client({ url: url(), timeout: 5000 });
      await client.bind(gatekeeper.dn, gatekeeper.password);
      await assert.rejects(client.bind(gatekeeper.dn, 'wrong'), { code: 49 });
      const again = await client.search(suffix, {}).then(
        (it) => it.searchEntries,
        () => [],
      );
      assert.deepEqual(again, []);
      await client.unbind();
    });

    test('survives a client that speaks nonsense', async () => {
      for (const bytes of [
        'GET / HTTP/1.0\r\n\r\n',
        '\x30\x84\xff\xff\xff\xff',
        '\x30\x05\x02\x01\x01\x63\x00',
      ]) {
        const socket = connect(directory.port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.end(Buffer.from(bytes, 'latin1'));
        await new Promise((resolve) => socket.resume().once('close', resolve));
      }
      assert.equal(await bindResult(url(), alice, 'pw-alice'), 0);
    });
  });
}

/** The second is why a login with NUL must never reach a directory. */
test('a NUL does not end a value for the embedded directory, but it does for OpenLDAP 2.5', async () => {
  for (const [index, { start }] of servers.entries()) {
    const directory = await start();
    const login = ['-D', gatekeeper.dn, '-w', gatekeeper.password, '-b', peopleBase];
    const filter = '(mail=alice@corp.example\\00@other.example)';
    assert.equal((await ldapsearch(`ldap://127.0.0.1:${directory.port}`, [...login, filter])).entries, index);
    await directory.stop();
  }
});

test('the embedded directory speaks ldaps when it is given a certificate', async () => {
  const tls = certificateIn(varDir);
  const directory = await startDirectory({ port: 0, entries: entries(), tls });
  const client = new Client({ url: `ldaps://127.0.0.1:${directory.port}`, tlsOptions: { ca: tls.cert } });
  await client.bind(alice, 'pw-alice');
  await client.unbind();
  await directory.stop();
});

test('the embedded directory lets go of its port and its clients', async () => {
  const directory = await startDirectory({ port: 0, entries: entries() });
  const client = new Client({ url: `ldap://127.0.0.1:${directory.port}` });
  await client.bind(alice, 'pw-alice');
  await directory.stop();
  const again = await startDirectory({ port: directory.port, entries: [] });
  await assert.rejects(startDirectory({ port: directory.port, entries: [] }), { code: 'EADDRINUSE' });
  await again.stop();
});

async function bindResult(url: string, dn: string, password: string): Promise<number> {
  const client = new Client({ url, timeout: 5000 });
  try {
    await client.bind(dn, password);
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  } finally {
    await client.unbind();
  }
}

interface Found {
  readonly code: number;
  readonly entries: number;
}

/** libldap's own client, which shows result codes that ldapts hides. */
function ldapsearch(url: string, args: readonly string[]): Promise<Found> {
  return new Promise((resolve) => {
    const child = execFile('ldapsearch', ['-x', '-LLL', '-H', url, ...args], (_error, stdout) => {
      resolve({ code: child.exitCode ?? -1, entries: stdout.match(/^dn:/gm)?.length ?? 0 });
    });
  });
}
