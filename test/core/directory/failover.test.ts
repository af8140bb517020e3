import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../../plugins/core/secret.ts';
import { awkwardLdif } from '../../support/directory-people.ts';
import { createAuthority, type Authority } from '../../support/ldap-certificates.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief } from './contract.ts';
import { alice, answer, type FakeRequest } from '../../support/fake-ldap.ts';
import { client, fake } from './fixtures.ts';

/** How often each of two servers goes through everything; FAILOVER_ROUNDS=10 takes two minutes. */
const rounds = Number(process.env['FAILOVER_ROUNDS'] ?? 1);
const clients = 32;
const operationSeconds = 1;

/** What happens to one server while the other one serves, and what ends it. */
const troubles: readonly {
  readonly it: string;
  readonly begin: (server: Slapd) => Promise<void>;
  readonly end: (server: Slapd) => Promise<void>;
  readonly ms: number;
}[] = [
  { it: 'stopped', begin: (server) => server.end(), end: (server) => server.start(), ms: 500 },
  { it: 'killed', begin: (server) => server.kill(), end: (server) => server.start(), ms: 500 },
  {
    it: 'restarted at once',
    begin: async (server) => {
      await server.kill();
      await server.start();
    },
    end: () => Promise.resolve(),
    ms: 100,
  },
  {
    it: 'black-holed',
    begin: (server) => server.pause(),
    end: (server) => {
      server.resume();
      return Promise.resolve();
    },
    ms: 2500,
  },
];

interface Load {
  logins: number;
  readonly wrong: string[];
  readonly unavailable: string[];
  slowestMs: number;
}

void describe('directory: two servers over StartTLS under load', () => {
  let authority: Authority;
  let servers: readonly Slapd[];
  before(async () => {
    authority = await createAuthority();
    const certificate = await authority.issue('IP:127.0.0.1');
    const tls = { caFile: authority.caFile, ...certificate };
    servers = await Promise.all([1, 2].map(() => startSlapd({ ldif: awkwardLdif(), tls })));
  });
  after(async () => {
    await Promise.all(servers.map(({ stop }) => stop()));
    await authority.remove();
  });

  for (const order of ['in-order', 'round-robin'] as const) {
    void it(`${order}: ${clients} clients all have their verdict, whatever happens to one of them`, async (context) => {
      const { directory } = client(
        servers.map(({ url }) => url),
        {
          start_tls: true,
          operation_timeout_seconds: operationSeconds,
          login_timeout_seconds: 10,
          server_order: order,
        },
        { ca: authority.ca },
      );
      const load: Load = { logins: 0, wrong: [], unavailable: [], slowestMs: 0 };
      const control = { isOver: false };
      const running = Array.from({ length: clients }, (_, number) =>
        logInOn(directory, load, control, number),
      );
      await trouble(servers);
      control.isOver = true;
      await Promise.all(running);
      context.diagnostic(`${load.logins} logins, the slowest took ${Math.round(load.slowestMs)} ms`);
      assert.deepEqual(load.wrong, []);
      assert.deepEqual(load.unavailable, []);
      assert.ok(load.logins > 500, `${load.logins} logins`);
      assert.ok(load.slowestMs < operationSeconds * 2000, `${load.slowestMs} ms: more than one deadline`);
    });
  }
});

async function trouble(servers: readonly Slapd[]): Promise<void> {
  await sleep(300);
  const all = Array.from({ length: rounds }, () => servers).flat();
  for (const server of all) await everyTroubleOf(server);
}

async function everyTroubleOf(server: Slapd): Promise<void> {
  for (const { begin, end, ms } of troubles) {
    await begin(server);
    await sleep(ms);
    await end(server);
    await sleep(300);
  }
}

type Directory = ReturnType<typeof client>['directory'];

async function logInOn(
  directory: Directory,
  load: Load,
  control: { readonly isOver: boolean },
  number: number,
): Promise<void> {
  for (let n = number; !control.isOver; n += 1) {
    const who = n % 4 < 2 ? 'alice' : 'bob';
    const begun = performance.now();
    await logIn(directory, load, who, n % 2 === 0);
    load.logins += 1;
    load.slowestMs = Math.max(load.slowestMs, performance.now() - begun);
    await sleep(25);
  }
}

async function logIn(directory: Directory, load: Load, who: string, isRight: boolean): Promise<void> {
  const expected = isRight ? `${who}@corp.example` : 'wrong-password';
  try {
    const is = inBrief(await directory.verify(who, Secret.fromText(isRight ? `pw-${who}` : 'guess')));
    if (is !== expected) load.wrong.push(`${is} instead of ${expected}`);
  } catch (error) {
    load.unavailable.push(String(error));
  }
}

void describe('directory: one login, whose first server fails at any point of it', () => {
  const silent = (): undefined => undefined;
  const found = ({ id }: FakeRequest) =>
    Buffer.concat([answer.entry(id, alice.dn, alice.attributes), answer.done(id)]);
  for (const [what, script] of [
    ['is silent from the beginning', { serviceBind: silent }],
    ['is silent to the search', { search: silent }],
    ['is silent to the bind', { search: found, bind: silent }],
  ] as const) {
    void it(`${what}: it is decided within one deadline of an operation`, async () => {
      const [first, second] = [await fake(script), await fake()];
      const settings = { operation_timeout_seconds: 1, login_timeout_seconds: 1.9 };
      const { verify } = client([first.url, second.url], settings);
      assert.equal(await verify(), 'alice@corp.example');
      assert.equal(second.requests.at(-1)?.kind, 'bind');
    });
  }
});
