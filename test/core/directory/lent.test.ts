import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { peopleBase, suffix } from '../../../scripts/demo/people.ts';
import { directorySettings } from '../../../plugins/core/directory/settings.ts';
import { answer, type FakeRequest } from '../../support/fake-ldap.ts';
import { assertUnavailable, client, fake } from './fixtures.ts';

const shared = `ou=shared,${suffix}`;

/** A fake server that lends alice the address desk@corp.example, as long as `search` has nothing else to say. */
async function lending(
  search: (request: FakeRequest) => Buffer | undefined = () => undefined,
  now = () => 0,
) {
  const server = await fake({
    search: (request) => {
      if (request.base === suffix) return given(request, `uid=alice,${peopleBase}`, 'alice@corp.example');
      return search(request) ?? given(request, 'cn=desk', 'desk@corp.example');
    },
  });
  const opened = client(
    [server.url],
    { send_as_filter: '(member={dn})', group_base: shared, operation_timeout_seconds: 0.5 },
    { tuning: { now } },
  );
  return { ...opened, asked: () => server.requests.filter(({ base }) => base === shared).length };
}

const given = ({ id }: FakeRequest, dn: string, mail: string) =>
  Buffer.concat([answer.entry(id, dn, { mail: [mail] }), answer.done(id)]);

void describe('addresses that other entries lend', () => {
  void it('are remembered for a minute, and until they are forgotten', async () => {
    let now = 1000;
    const { directory, asked } = await lending(undefined, () => now);
    await directory.find('alice');
    now += 59_999;
    await directory.find('alice');
    assert.equal(asked(), 1);
    now += 2;
    await directory.find('alice');
    assert.equal(asked(), 2);
    directory.forget('somebody');
    await directory.find('alice');
    assert.equal(asked(), 3);
  });

  for (const [what, search, saying] of [
    ['half an answer', ({ id }) => answer.done(id, 4), /more than 500 entries/],
    [
      'half an answer with some',
      ({ id }) => Buffer.concat([answer.entry(id, 'cn=desk', {}), answer.done(id, 4)]),
      /more than 500/,
    ],
    ['a referral', ({ id }) => answer.done(id, 10), /referral to another server, which is not asked \(10\)/],
    ['a limit of time', ({ id }) => answer.done(id, 3), /timeLimitExceeded \(3\)/],
    ['no right to search', ({ id }) => answer.done(id, 50), /insufficientAccessRights \(50\)/],
    ['a busy server', ({ id }) => answer.done(id, 51), /busy \(51\)/],
  ] as const satisfies readonly (readonly [string, (request: FakeRequest) => Buffer, RegExp])[]) {
    void it(`${what} is trouble, and no fewer rights`, async () => {
      const { directory } = await lending(search);
      await assertUnavailable(directory.find('alice'), saying);
    });
  }
});

void describe('settings of rights', () => {
  const needed = { urls: ['ldaps://a.example'], bind_dn: 'cn=x', base: 'dc=example' };
  for (const [what, more, problem] of [
    ['a filter with {dn}', { send_as_filter: '(member={dn})' }],
    ['a filter with {uid}', { on_behalf_filter: '(memberUid={uid})' }],
    [
      'one that finds the same for everybody',
      { send_as_filter: '(objectClass=*)' },
      /neither \{dn\} nor \{uid\}/,
    ],
    ['one with {login}', { on_behalf_filter: '(mail={login})' }, /placeholders are \{dn\} and \{uid\}/],
    ['an account filter with {dn}', { filter: '(member={dn})' }, /the only placeholder is \{login\}/],
    ['no filter at all', { send_as_filter: 'member={dn}' }, /column 1: expected/],
    [
      'no base',
      { base: undefined, bind_template: 'uid={login},dc=x', send_as_filter: '(member={dn})' },
      /group_base|is missing: where send_as_filter/,
    ],
    [
      'no base but one for groups',
      {
        base: undefined,
        bind_template: 'uid={login},dc=x',
        group_base: 'dc=x',
        send_as_filter: '(member={dn})',
      },
    ],
    [
      'a filter beside SCRAM',
      { scram_attribute: 'x', on_behalf_filter: '(member={dn})' },
      /and on_behalf_filter contradict each other/,
    ],
    ['attributes beside SCRAM', { scram_attribute: 'x', grants_attribute: 'gatekeeperGrant' }],
    ['an attribute is an attribute', { pairs_attribute: 'x)' }, /name of an attribute/],
  ] as const satisfies readonly (readonly [string, object, RegExp?])[]) {
    void it(what, () => {
      const { success, error } = directorySettings.safeParse({ ...needed, ...more });
      assert.equal(success, problem === undefined, String(error));
      if (problem) assert.match(String(error), problem);
    });
  }
});
