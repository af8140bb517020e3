import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CpuProfile, sharesOf } from '../../../scripts/benchmarks/cpu-profile.ts';

const haraka = 'file:///gw/node_modules/haraka';

/** Functions as they call each other, from the root down: the file of each. */
const stacks = {
  handshake: ['', 'node:net'],
  'a hook of Haraka': ['node:net', `${haraka}/connection.js`, `${haraka}/plugins.js`],
  'a library for Haraka': [
    'node:net',
    `${haraka}/connection.js`,
    'file:///gw/node_modules/haraka-results/i.js',
  ],
  'a log line of Haraka': [`${haraka}/connection.js`, `${haraka}/logger.js`, 'node:fs'],
  'a check': [`${haraka}/plugins.js`, 'file:///src/dist/core/haraka/check.js'],
  'what follows a check': ['file:///src/dist/core/haraka/check.js', `${haraka}/plugins.js`, 'node:net'],
  'an event': ['file:///src/dist/auth/logins.js', 'file:///src/dist/core/haraka/outcome.js', 'node:fs'],
  'a result of ours': ['file:///src/dist/core/haraka/outcome.js', `${haraka}-results/index.js`],
  'a log line of ours': ['file:///src/dist/core/haraka/outcome.js', `${haraka}/logger.js`],
  'a line of AUTH': [`${haraka}/connection.js`, 'file:///src/dist/core/haraka/patches/auth-lines.js'],
  'an address of an account': [
    'file:///src/dist/core/directory/account.js',
    'file:///src/dist/core/mailbox.js',
  ],
  'an address of an envelope': ['file:///src/dist/core/haraka/facts.js', 'file:///src/dist/core/mailbox.js'],
  'a bind': ['file:///src/dist/auth/logins.js', 'file:///src/dist/core/directory/pool.js', 'node:net'],
} as const;

const cases = [
  { stack: 'handshake', owner: 'Node.js', self: 0 },
  { stack: 'a hook of Haraka', owner: 'Haraka', self: 0 },
  { stack: 'a library for Haraka', owner: 'Haraka', self: 0 },
  { stack: 'a log line of Haraka', owner: 'Haraka', self: 0 },
  { stack: 'a check', owner: 'policies', self: 1 },
  { stack: 'what follows a check', owner: 'Haraka', self: 0 },
  { stack: 'an event', owner: 'events', self: 0 },
  { stack: 'a result of ours', owner: 'events', self: 0 },
  { stack: 'a log line of ours', owner: 'events', self: 0 },
  { stack: 'a line of AUTH', owner: 'authentication', self: 1 },
  { stack: 'an address of an account', owner: 'authentication', self: 1 },
  { stack: 'an address of an envelope', owner: 'policies', self: 1 },
  { stack: 'a bind', owner: 'authentication', self: 0 },
] as const;

/** A profile of these stacks, each of which was seen for so many microseconds, one after the other. */
function profileOf(seen: readonly { readonly stack: readonly string[]; readonly us: number }[]): CpuProfile {
  const nodes: { id: number; callFrame: { functionName: string; url: string }; children: number[] }[] = [];
  const add = (functionName: string, url: string): number =>
    nodes.push({ id: nodes.length + 1, callFrame: { functionName, url }, children: [] });
  const root = add('(root)', '');
  const samples = seen.map(({ stack }) =>
    stack.reduce((parent, url) => {
      const id = add(url === '(idle)' ? '(idle)' : 'f', url === '(idle)' ? '' : url);
      nodes[parent - 1]?.children.push(id);
      return id;
    }, root),
  );
  return { nodes, samples, timeDeltas: seen.map(({ us }) => us), startTime: 1000 };
}

void describe('the CPU time of a Gatekeeper', () => {
  for (const { stack, owner, self } of cases) {
    void it(`that ${stack} takes belongs to ${owner}`, () => {
      const shares = sharesOf(profileOf([{ stack: stacks[stack], us: 10 }]), 0, 2000);
      assert.equal(shares.owned[owner], 1);
      assert.equal(shares.self, self);
    });
  }

  void it('is what was seen between two moments, when the process was not idle', () => {
    const profile = profileOf([
      { stack: stacks['a check'], us: 100 }, // too early
      { stack: stacks['a check'], us: 100 },
      { stack: ['(idle)'], us: 100 },
      { stack: stacks['a bind'], us: 300 },
      { stack: stacks['a check'], us: 100 }, // too late
    ]);
    const { owned, busyMs } = sharesOf(profile, 1150, 1650);
    assert.deepEqual(owned, { policies: 0.25, events: 0, authentication: 0.75, Haraka: 0, 'Node.js': 0 });
    assert.equal(busyMs, 0.4);
  });

  void it('is not nothing', () => {
    assert.throws(() => sharesOf(profileOf([]), 0, 1), /nothing of that time/);
  });
});
