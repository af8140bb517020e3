import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peopleBase, type Entry } from '../../scripts/demo/people.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';

const alice = 'alice@corp.example';

const cases = [
  { as: alice, code: 0, says: `yes: ${alice} is an address of ${alice}` },
  { as: 'ALICE@Corp.Example', code: 0, says: `yes: ALICE@corp.example is an address of ${alice}` },
  { as: 'team@corp.example', code: 0, says: `yes: team@corp.example is an address of ${alice}` },
  {
    as: 'alice@bücher.example',
    code: 0,
    says: `yes: alice@xn--bcher-kva.example is an address of ${alice}`,
  },
  {
    as: 'alice.smith+shop@corp.example',
    code: 0,
    says: 'yes: alice.smith+shop@corp.example is alice.smith@corp.example with a subaddress (sender.subaddress_separator)',
  },
  { as: 'bob@corp.example', code: 1, says: `no: bob@corp.example is no address of ${alice}` },
  { as: 'alice@corp.example.org', code: 1, says: `no: alice@corp.example.org is no address of ${alice}` },
  { as: 'alice', code: 1, says: 'no: alice cannot be read as an address' },
  {
    by: 'exchange@corp.example',
    as: 'bob@corp.example',
    code: 0,
    says: 'yes: bob@corp.example is in a domain of exchange@corp.example',
  },
  {
    by: 'exchange@corp.example',
    as: 'bob@other.example',
    code: 1,
    says: 'no: bob@other.example is no address of exchange@corp.example',
  },
  {
    by: 'scanners',
    as: 'scanner@corp.example',
    code: 0,
    says: 'yes: scanner@corp.example is an address of scanners',
  },
  { by: 'scanners', as: alice, code: 1, says: `no: ${alice} is no address of scanners` },
  {
    by: 'dave@corp.example',
    as: 'carol@corp.example',
    code: 0,
    says: 'yes: in From with a Sender of its own: dave@corp.example may write on behalf of carol@corp.example',
  },
  {
    by: 'dave@corp.example',
    as: 'x@other.example',
    code: 0,
    says: 'yes: in From of what it sends again: with Resent-From of its own (grant resend)',
  },
  {
    by: 'dave@corp.example',
    as: 'bob@corp.example',
    code: 1,
    says: 'no: bob@corp.example is no address of dave@corp.example',
  },
  {
    by: 'lists@corp.example',
    as: 'bob@corp.example',
    code: 0,
    says: 'yes: in From of mail to a list: with List-Id, and Sender or MAIL FROM of its own (grant list)',
  },
  {
    by: 'app@corp.example',
    as: 'bob@corp.example',
    code: 0,
    says: 'yes: in From with bounces@app.corp.example in MAIL FROM',
  },
  {
    by: 'app@corp.example',
    as: 'bounces@app.corp.example',
    code: 0,
    says: 'yes: in MAIL FROM with *@corp.example in From',
  },
  {
    by: 'app@corp.example',
    as: 'app@corp.example',
    code: 0,
    says: 'yes: in From with bounces@app.corp.example in MAIL FROM',
  },
  {
    by: 'app@corp.example',
    as: 'x@app.corp.example',
    code: 1,
    says: 'no: app@corp.example may write only in pairs, and x@app.corp.example is in none',
  },
  {
    by: 'broken@corp.example',
    as: 'broken@corp.example',
    code: 1,
    says: 'no: broken@corp.example may write only in pairs, and broken@corp.example is in none',
  },
  {
    by: 'support@corp.example',
    as: 'anybody@app.corp.example',
    code: 0,
    says: 'yes: anybody@app.corp.example is in a domain of support@corp.example',
  },
  {
    by: 'retired@corp.example',
    as: 'retired@corp.example',
    code: 1,
    says: 'no: retired@corp.example cannot log in: account-disabled: the directory says that it may not log in',
  },
  {
    by: 'mallory@corp.example',
    as: alice,
    code: 1,
    says: 'no: mallory@corp.example cannot log in: no-such-account: the directory has nobody for this login, or does not show it to directory.bind_dn',
  },
] as const;

function writer(uid: string, attributes: Entry['attributes']): Entry {
  const objectClass = ['inetOrgPerson', 'gatekeeperSender'];
  const given = { objectClass, uid: [uid], cn: [uid], sn: [uid], mail: [`${uid}@corp.example`] };
  return { dn: `uid=${uid},${peopleBase}`, attributes: { ...given, ...attributes } };
}

const writers = [
  writer('app', { gatekeeperPair: ['bounces@app.corp.example *@corp.example'] }),
  writer('broken', { gatekeeperPair: ['bounces@app.corp.example'] }),
  writer('support', {
    gatekeeperSendAs: ['*@app.corp.example', 'help@corp.example'],
    gatekeeperOnBehalf: ['carol@corp.example'],
    gatekeeperGrant: ['list', 'helpdesk'],
  }),
];

const settings = {
  mail_servers: [
    { name: 'exchange', owner: 'dave', account: 'exchange@corp.example', domains: ['corp.example'] },
  ],
  registered_networks: [
    {
      name: 'scanners',
      owner: 'dave',
      addresses: ['10.1.0.0/24'],
      send_as: ['scanner@corp.example'],
      expires: '2999-12-31',
    },
  ],
};

void describe('gatekeeper sender', () => {
  let site: Site;
  before(async () => {
    site = await startSite({ settings }, writers);
  });
  after(() => site.stop());

  for (const { as, code, says, ...rest } of cases) {
    const by = 'by' in rest ? rest.by : alice;
    void it(`${by} as ${as}: ${code === 0 ? 'yes' : 'no'}`, async () => {
      const result = await gatekeeper(['sender', by, as], { haraka: site.dir });
      assert.equal(result.out.split('\n')[0], says);
      assert.deepEqual([result.code, result.err], [code, '']);
    });
  }

  void it('shows what an account may send as when the answer is no', async () => {
    const { out } = await gatekeeper(['sender', 'bob@corp.example', alice], { haraka: site.dir });
    assert.deepEqual(out.split('\n').slice(1), [
      'account      uid=bob,ou=people,dc=corp,dc=example',
      'name         bob@corp.example',
      'may send as  bob@corp.example',
      '',
    ]);
  });

  const delegated = [
    {
      by: 'support',
      says: [
        ...['may send as     support@corp.example', '                help@corp.example'],
        ...['any address of  app.corp.example', 'on behalf of    carol@corp.example'],
        ...['grants          list', '                helpdesk'],
      ],
      json: {
        domains: ['app.corp.example'],
        on_behalf: ['carol@corp.example'],
        grants: ['list', 'helpdesk'],
      },
    },
    {
      by: 'app',
      says: ['only in pairs  bounces@app.corp.example in MAIL FROM with *@corp.example in From'],
      json: { pairs: ['bounces@app.corp.example *@corp.example'] },
    },
    {
      by: 'broken',
      says: [
        'only in pairs  (none that can be read: it may write nothing)',
        'note           directory: uid=broken,ou=people,dc=corp,dc=example: gatekeeperPair: "bounces@app.corp.example" cannot be read and gives no right',
      ],
      json: { pairs: ['*@ *@'] },
    },
  ] as const;
  for (const { by, says, json } of delegated) {
    void it(`"gatekeeper login" shows what ${by} may write beside`, async () => {
      const args = ['login', `${by}@corp.example`, '--no-password'];
      const [text, parsed] = await Promise.all([
        gatekeeper(args, { haraka: site.dir }),
        gatekeeper([...args, '--json'], { haraka: site.dir }),
      ]);
      const lines = text.out.trimEnd().split('\n');
      const first = lines.findIndex((line) => /^(?:may send as|only in pairs)/.test(line));
      assert.deepEqual(lines.slice(first, first + says.length), says);
      const { account } = JSON.parse(parsed.out) as { account: Record<string, unknown> };
      const { id: _, name: __, addresses: ___, ...rest } = account;
      assert.deepEqual(rest, json);
    });
  }

  void it('gives one JSON document', async () => {
    const args = ['sender', 'bob@corp.example', 'bob+x@corp.example', '--json'];
    assert.deepEqual(JSON.parse((await gatekeeper(args, { haraka: site.dir })).out), {
      address: 'bob+x@corp.example',
      allowed: true,
      rule: 'subaddress',
      owned: 'bob@corp.example',
      why: 'bob+x@corp.example is bob@corp.example with a subaddress (sender.subaddress_separator)',
      account: {
        id: 'uid=bob,ou=people,dc=corp,dc=example',
        name: 'bob@corp.example',
        addresses: ['bob@corp.example'],
      },
    });
  });

  void it('does not judge the null reverse-path, which is no address', async () => {
    for (const address of ['', '<>']) {
      const { code, err } = await gatekeeper(['sender', alice, address], { haraka: site.dir });
      assert.equal(code, 64);
      assert.match(err, /The null reverse-path may be used by everybody, in MAIL FROM only\./);
    }
  });
});

void describe('gatekeeper sender under settings that', () => {
  const settings = [
    {
      it: 'know no subaddresses',
      settings: { sender: { subaddress_separator: '' } },
      says: [`no: alice+x@corp.example is no address of ${alice}`],
    },
    {
      it: 'only observe',
      settings: { sender: { mode: 'observe', subaddress_separator: '' } },
      says: [
        `no: alice+x@corp.example is no address of ${alice}`,
        'note         sender.mode is observe: the gateway refuses no address of a sender',
      ],
    },
    {
      it: 'only observe in an emergency',
      settings: { emergency: 'observe' },
      says: [
        'yes: alice+x@corp.example is alice@corp.example with a subaddress (sender.subaddress_separator)',
        'note  emergency is observe: the gateway refuses no address of a sender',
      ],
    },
  ];
  for (const { it: title, settings: more, says } of settings) {
    void it(title, async () => {
      const site = await startSite({ settings: more });
      const { out } = await gatekeeper(['sender', alice, 'alice+x@corp.example'], { haraka: site.dir });
      await site.stop();
      const lines = out.trimEnd().split('\n');
      assert.deepEqual([lines[0], ...lines.filter((line) => line.startsWith('note'))], says);
    });
  }
});
