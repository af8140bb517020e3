import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peopleBase, type Entry } from '../../scripts/demo/people.ts';
import { findingsOf } from '../../plugins/command/tls-findings.ts';
import { directoryDemands, domainDemands, sessionDemands } from '../../plugins/core/criteria/criteria.ts';
import { identityOfAccount, type Identity } from '../../plugins/core/identity.ts';
import { networkNamed } from '../../plugins/core/registrations.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';

const owner = 'dave';
const criteria = {
  tls_criteria: [
    {
      ...{ name: 'bank', owner, sender_domains: ['bank.example', '*.bank.example'], min_version: 'TLSv1.3' },
      ...{ client_certificate: 'required', authorities_file: 'bank-ca.pem' },
      certificate_names: ['mx.bank.example'],
    },
    { name: 'board', owner, accounts: ['ALICE@corp.example'], ports: [2], min_version: 'TLSv1.3' },
    { name: 'office', owner, networks: ['192.0.2.0/24'], sni: 'required' },
    { name: 'gone', owner, accounts: ['alice@corp.example'], sni: 'required', expires: '2020-01-01' },
    { name: 'strict', owner, forward_secrecy: 'required', ciphers: 'ECDHE+AESGCM' },
    { name: 'plant', owner, accounts: ['network:scanner'], forward_secrecy: 'required' },
    {
      name: 'printers',
      owner,
      networks: ['198.51.100.0/24'],
      exception: 'legacy-device',
      expires: '2999-12-31',
    },
    { name: 'old', owner, networks: ['203.0.113.0/24'], exception: 'legacy-device', expires: '2020-12-31' },
  ],
  registered_networks: [
    {
      name: 'scanner',
      owner,
      addresses: ['192.0.2.9'],
      send_as: ['scanner@corp.example'],
      expires: '2999-12-31',
    },
    {
      ...{
        name: 'door',
        owner,
        addresses: ['198.51.100.9'],
        send_as: ['door@corp.example'],
        tls: 'optional',
      },
      expires: '2999-12-31',
    },
  ],
  nodes: [{ name: 'gateway-2', addresses: ['198.51.100.77'] }],
};

const base = 'ou=people,dc=corp,dc=example';
const directory = {
  ...{
    urls: ['ldap://127.0.0.1:1'],
    start_tls: false,
    bind_dn: 'cn=x',
    bind_password_file: 'ldap.password',
    base,
  },
  tls_attribute: 'gatekeeperTls',
};
const listeners = [{ port: 1, role: 'mx' }];
const { policy } = parseSettings(JSON.stringify({ directory, listeners, ...criteria }), 'test');
const now = new Date('2026-11-29T12:00:00Z');
const person = (name: string, ...of: readonly string[]) =>
  identityOfAccount({ id: `uid=${name}`, name: `${name}@corp.example`, addresses: [], criteria: of });

interface Case {
  readonly it: string;
  readonly port?: number;
  readonly address?: string;
  readonly who?: Identity | undefined;
  readonly from?: string;
  readonly by: readonly string[];
  readonly unknown?: readonly string[];
  readonly note?: RegExp;
}

const cases: readonly Case[] = [
  { it: 'asks nothing on a port for other servers', by: [] },
  { it: 'asks of mail from a domain', from: 'bank.example', by: ['bank'] },
  { it: 'asks of mail from below a domain', from: 'mx.bank.example', by: ['bank'] },
  { it: 'asks nothing of mail from another domain', from: 'notbank.example', by: [] },
  { it: 'asks on submission what the section tls does', port: 2, by: ['tls'] },
  { it: 'asks of an account, on its port', port: 2, who: person('alice'), by: ['tls', 'board'] },
  { it: 'asks nothing of it elsewhere', port: 3, who: person('alice'), by: ['tls'] },
  { it: 'asks of a network', address: '192.0.2.7', by: ['office'] },
  { it: 'asks nothing of another', address: '192.0.3.7', by: [] },
  {
    ...{ it: 'asks of a registered network', address: '192.0.2.9', by: ['office', 'plant'] },
    who: networkNamed('scanner', policy, now),
  },
  {
    it: 'asks what the directory names',
    port: 3,
    who: person('bob', 'Strict', 'modern'),
    by: ['tls', 'strict', 'modern'],
  },
  {
    it: 'has names that mean nothing',
    port: 3,
    who: person('bob', 'x', 'old', 'gone'),
    by: ['tls'],
    unknown: ['x', 'old'],
  },
  { it: 'makes an exception', port: 2, address: '198.51.100.7', by: ['printers'] },
  {
    ...{ it: 'makes none that has expired, and says so', port: 2, address: '203.0.113.7', by: ['tls'] },
    note: /^TLS exception old expired on 2020-12-31; ask dave$/,
  },
  {
    ...{ it: 'lets a registered network send in clear', port: 2, address: '198.51.100.9', by: ['printers'] },
    note: /^registered network door may send in clear, too$/,
  },
  {
    ...{ it: 'believes a node', address: '198.51.100.77', from: 'bank.example', by: [] },
    note: /^gateway-2 has judged domains of senders when it took the mail$/,
  },
];

void describe('what TLS is asked', () => {
  for (const { it: title, port = 1, address = '', who, from, by, unknown = [], note } of cases) {
    void it(title, () => {
      const session = { port, address, identity: who };
      const found = findingsOf(session, from, policy, now);
      assert.deepEqual(
        found.asked.map(({ demand }) => demand.by),
        by,
      );
      assert.deepEqual(found.unknown, unknown);
      if (note) assert.match(found.notes.join('\n'), note);
      else assert.deepEqual(found.notes, []);
      // As the gateway decides it, which knows nothing of this command.
      if (note?.source.includes('judged')) return;
      const decided = [
        ...sessionDemands(session, policy, now),
        ...(from === undefined ? [] : domainDemands(from, session, policy, now)),
        ...(who ? directoryDemands(who, policy, now).demands : []),
      ];
      const names = found.asked
        .map(({ demand }) => demand.by)
        .filter((each) => !['tls', 'printers'].includes(each));
      assert.deepEqual(names.sort(), decided.map((demand) => demand.by).sort());
    });
  }
});

const named: Entry = {
  dn: `uid=eve,${peopleBase}`,
  attributes: {
    objectClass: ['inetOrgPerson', 'gatekeeperSender'],
    ...{ uid: ['eve'], cn: ['eve'], sn: ['eve'], mail: ['eve@corp.example'], gatekeeperTls: ['strict', 'x'] },
  },
};

void describe('gatekeeper tls', () => {
  let site: Site;
  const ask = (...args: readonly string[]) => gatekeeper(args, { haraka: site.dir });
  before(async () => {
    const settings = { directory: { tls_attribute: 'gatekeeperTls' }, ...criteria };
    site = await startSite({ settings }, [named]);
  });
  after(() => site.stop());

  void it('says what mail from a domain needs, and by which entry', async () => {
    const { code, out } = await ask('tls', '--from', 'someone@bank.example');
    assert.equal(code, 0);
    assert.deepEqual(out.trimEnd().split('\n').slice(0, 4), [
      'yes: mail from bank.example needs TLS, TLSv1.3 or newer, a client certificate (bank)',
      'port       25 (mx)',
      'mail from  bank.example',
      'asked by   bank: TLSv1.3 or newer, a client certificate for mx.bank.example, signed by bank-ca.pem (mail from bank.example or *.bank.example)',
    ]);
    assert.match(out, /^not asked {2}board: its ports are others \(port 2, account ALICE@corp\.example\)\n/m);
    assert.match(out, /^ +office: its networks are others \(client in 192\.0\.2\.0\/24\)$/m);
    assert.match(out, /^ +gone: expired on 2020-01-01$/m);
    assert.match(out, /^ +strict: the directory \(tls_attribute\) does not name it$/m);
    assert.match(out, /^handshake {2}TLSv1\.2 or newer, cipher suites ECDHE\+AESGCM:ECDHE\+CHACHA20$/m);
  });

  void it('says that nothing is asked, with another exit code', async () => {
    const { code, out } = await ask('tls', '--port', '25', '--address', '2001:db8::1');
    assert.equal(code, 1);
    assert.match(
      out,
      /^no: TLS is up to the client: nothing asks for it on port 25\nport +25 \(mx\)\naddress +2001:db8::1\n/,
    );
  });

  void it('asks the directory of an account', async () => {
    const { out } = await ask('tls', '--account', 'eve@corp.example', '--json');
    const answer = JSON.parse(out) as Record<string, unknown> & {
      asked: readonly { by: string; because: string }[];
    };
    assert.deepEqual(
      answer.asked.map(({ by, because }) => [by, because]),
      [
        ['tls', 'port 2 is for submission'],
        ['strict', 'directory.tls_attribute'],
      ],
    );
    assert.deepEqual([answer['identity'], answer['unclear'], answer['port']], ['eve@corp.example', ['x'], 2]);
    const shown = await ask('tls', '--account', 'eve@corp.example');
    assert.equal(shown.code, 1);
    assert.match(
      shown.out,
      /^no: all mail of eve@corp\.example waits: directory\.tls_attribute has x, no entry of tls_criteria and no preset\n/,
    );
    const stranger = await ask('tls', '--account', 'nobody@corp.example');
    assert.equal(stranger.code, 1);
    assert.match(stranger.out, /^no: nobody@corp\.example cannot log in: no-such-account: /);
  });

  for (const option of [
    ['--port', '0'],
    ['--port', '25x'],
    ['--address', 'mx.example'],
    ['--from', 'a b'],
  ]) {
    void it(`takes no ${option.join(' ')}`, async () => {
      assert.equal((await ask('tls', ...option)).code, 64);
    });
  }

  void it('stands with the account in gatekeeper login', async () => {
    const { out } = await ask('login', 'eve@corp.example', '--no-password');
    assert.match(
      out,
      /^tls criteria +strict: forward secrecy, cipher suites ECDHE\+AESGCM \(directory\.tls_attribute\)\n +x: no entry of tls_criteria and no preset: mail has to wait \(directory\.tls_attribute\)$/m,
    );
    const alice = await ask('login', 'alice@corp.example', '--no-password', '--json');
    assert.deepEqual((JSON.parse(alice.out) as { tls_criteria: unknown }).tls_criteria, [
      'board: TLSv1.3 or newer (port 2, account ALICE@corp.example)',
      'gone: expired, asks nothing (account alice@corp.example)',
    ]);
  });
});
