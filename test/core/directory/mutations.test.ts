import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../../plugins/core/directory/ber.ts';
import type { Verification } from '../../../plugins/core/directory/directory.ts';
import { decodeMessage, type Message } from '../../../plugins/core/directory/messages.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { alice, answer, element, type FakeRequest, type Script } from '../../support/fake-ldap.ts';
import { createAuthority, type Authority, type Certificate } from '../../support/ldap-certificates.ts';
import { readAll, readWhile, type Said } from '../../support/ldap-reader.ts';
import { mutation } from '../../support/mutations.ts';
import { client, fake } from './fixtures.ts';

/** So many answers are spoilt on their way; MUTATIONS=60000 makes a night of it. */
const mutations = Number(process.env['MUTATIONS'] ?? 600);
/** Without sockets there is time for more of them. */
const decoded = Math.max(10_000, mutations);
/** Directories that are asked at once. */
const lanes = 8;

const policy = (...response: readonly Buffer[]): Buffer =>
  element(
    0xa0,
    element(
      0x30,
      element(0x04, Buffer.from('1.3.6.1.4.1.42.2.27.8.5.1')),
      element(0x04, element(0x30, ...response)),
    ),
  );
const locked = element(0x81, Buffer.from([1]));
const warning = element(0xa0, element(0x80, Buffer.from([5])));

/** Answers to the first bind on a connection. */
const binds = [
  answer.bind(1, 49),
  answer.bind(1, 49, 'ldap_bind: Invalid credentials'),
  answer.bind(1, 49, '80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 775, v1'),
  answer.bind(1, 49, '', policy(locked)),
  answer.bind(1, 0),
  answer.bind(1, 0, '', policy(warning)),
  answer.bind(1, 0, '', policy(warning, locked)),
  answer.bind(1, 53),
];

/** Of the search that follows the bind of the service account on its connection. */
const searches = [
  Buffer.concat([answer.entry(2, alice.dn, alice.attributes), answer.done(2)]),
  Buffer.concat([
    answer.reference(2),
    answer.entry(2, alice.dn, { mail: ['Alice@corp.example'] }),
    answer.done(2),
  ]),
  Buffer.concat([answer.entry(2, alice.dn, { mail: ['a@corp.example', 'b@corp.example'] }), answer.done(2)]),
  answer.done(2),
];

const whole = [...binds, ...searches, answer.extended(1, 0), answer.noticeOfDisconnection()];

void describe("directory: what the client's decoder reads in an answer that was spoilt", () => {
  void it(`is what another reader reads, or nothing: ${decoded} of them`, () => {
    fc.assert(
      fc.property(fc.constantFrom(...whole), mutation, (original, mutate) => {
        const bytes = mutate(original);
        const read = decodedOr(bytes);
        if (read !== undefined) assert.deepEqual([meaning(read)], readAll(bytes)?.map(withoutCodes));
      }),
      { numRuns: decoded },
    );
  });

  void it('is what another reader reads where nothing was spoilt', () => {
    for (const bytes of whole) {
      const said = readAll(bytes);
      assert.ok(said, bytes.toString('hex'));
      assert.deepEqual(readWhile(bytes), said);
      const [one] = said;
      if (said.length === 1 && one) assert.deepEqual(meaning(decodeMessage(bytes)), withoutCodes(one));
    }
  });
});

function decodedOr(bytes: Buffer): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return undefined;
  }
}

const policies: Readonly<Record<string, string>> = {
  '0': 'password-expired',
  '1': 'account-locked',
  '2': 'password-must-change',
};

/** In the words of the other reader; the policy in ours. */
function meaning({ id, response }: Message): unknown {
  switch (response.kind) {
    case 'bind':
      return { kind: 'bind', id, code: response.result.code, policy: response.result.policy ?? '' };
    case 'extended':
    case 'search-done':
      return { kind: response.kind, id, code: response.result.code };
    case 'search-reference':
      return { kind: response.kind, id };
    case 'search-entry': {
      const { dn, attributes } = response.entry;
      const list = attributes.map(({ type, values }) => [
        type,
        ...values.map((each) => each.toString('latin1')),
      ]);
      return { kind: response.kind, id, dn, attributes: list };
    }
  }
}

function withoutCodes(said: Said): unknown {
  return said.kind === 'bind' ? { ...said, policy: policies[said.policy] ?? said.policy } : said;
}

/** One directory with its server, that are asked again and again. */
interface Lane {
  /** What the server does until it is told otherwise. */
  readonly script: { -readonly [Key in keyof Script]: Script[Key] };
  readonly login: (password: string) => Promise<Verification | 'Unavailable'>;
  /** What it was asked since it was last looked at. */
  readonly requests: () => readonly FakeRequest[];
  /** Ends the connections: the next login needs another one. */
  readonly hangUp: () => void;
}

async function lane(
  options: { readonly certificate?: Certificate; readonly ca?: string } = {},
): Promise<Lane> {
  const { certificate, ca } = options;
  const script: Lane['script'] = { ...(certificate && { certificate }) };
  const server = await fake(script);
  // What was cut short in clear waits for its deadline.
  const settings = { start_tls: certificate !== undefined, operation_timeout_seconds: certificate ? 1 : 5 };
  const { directory } = client([server.url], settings, ca === undefined ? {} : { ca });
  return {
    script,
    login: (password) =>
      directory.verify('alice@corp.example', Secret.fromText(password)).catch((error: unknown) => {
        assert.equal((error as Error).name, 'Unavailable', String(error));
        return 'Unavailable' as const;
      }),
    requests: () => {
      server.clear.length = 0;
      return server.requests.splice(0);
    },
    hangUp: () => {
      for (const socket of server.sockets) socket.destroy();
    },
  };
}

/** Every so many answers that were spoilt the server is asked for a login that nothing happens to. */
const honestEvery = 20;

async function inLanes(
  lane: () => Promise<Lane>,
  property: (lane: Lane, original: Buffer, mutate: (answer: Buffer) => Buffer) => Promise<void>,
  originals: readonly Buffer[],
  share: number,
): Promise<void> {
  const each = Math.ceil((mutations * share) / lanes);
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const own = await lane();
      let runs = 0;
      const spoilt = fc.asyncProperty(fc.constantFrom(...originals), mutation, async (original, mutate) => {
        await property(own, original, mutate);
        own.requests();
        runs += 1;
        if (runs % honestEvery === 0) await assertHonest(own);
      });
      await fc.assert(spoilt, { numRuns: each, endOnFailure: true });
    }),
  );
}

async function assertHonest({ script, login }: Lane): Promise<void> {
  for (const step of ['search', 'bind', 'startTls'] as const) Reflect.deleteProperty(script, step);
  assert.equal(brief(await login('pw-alice')), 'alice@corp.example');
  assert.equal(brief(await login('guess')), 'wrong-password');
}

function brief(outcome: Verification | 'Unavailable'): string {
  if (outcome === 'Unavailable') return outcome;
  return outcome.kind === 'account' ? outcome.account.name : outcome.cause;
}

void describe('directory: answers that are spoilt on their way', { concurrency: 1 }, () => {
  let authority: Authority;
  let certificate: Certificate;
  before(async () => {
    authority = await createAuthority();
    certificate = await authority.issue('IP:127.0.0.1');
  });
  after(() => authority.remove());

  void it('to a bind: an error, or what was said', async () => {
    await inLanes(
      lane,
      async ({ script, login }, original, mutate) => {
        const bytes = mutate(original);
        script.bind = ({ socket }) => {
          socket.end(bytes);
          return undefined;
        };
        const outcome = brief(await login('guess'));
        assert.ok(bindsThatSay(readWhile(bytes)[0]).test(outcome), `${outcome} for ${bytes.toString('hex')}`);
      },
      binds,
      1 / 2,
    );
  });

  void it('to a search: an error, or what was said; never an account whose password is wrong', async () => {
    await inLanes(
      lane,
      async ({ script, login }, original, mutate) => {
        const bytes = mutate(original);
        script.search = ({ socket }) => {
          socket.end(bytes);
          return undefined;
        };
        const [right, wrong] = [await login('pw-alice'), brief(await login('guess'))];
        assert.match(wrong, /^(wrong-password|no-such-account|Unavailable)$/);
        const entries = entriesIn(readWhile(bytes));
        if (wrong === 'no-such-account') assert.deepEqual(entries, []);
        if (right !== 'Unavailable' && right.kind === 'account') assertIsSaid(right, entries);
      },
      searches,
      1 / 3,
    );
  });

  void it('to StartTLS: an error, or TLS; nothing is said in clear', async () => {
    const secured = () => lane({ certificate, ca: authority.ca });
    await inLanes(
      secured,
      async ({ script, login, requests, hangUp }, original, mutate) => {
        hangUp();
        const bytes = mutate(original);
        script.startTls = ({ socket }) => {
          // Whoever waits for the rest of it need not wait for the deadline.
          const asked = socket.bytesRead;
          setTimeout(() => socket.bytesRead === asked && socket.destroy(), 30);
          return bytes;
        };
        const outcome = brief(await login('guess'));
        const said = readAll(bytes);
        const isSuccess = said?.length === 1 && said[0]?.kind === 'extended' && said[0].code === 0;
        assert.match(outcome, isSuccess ? /^(wrong-password|Unavailable)$/ : /^Unavailable$/);
        const inClear = requests().filter(
          ({ secure, kind }) => !secure && kind !== 'start-tls' && kind !== 'unbind',
        );
        assert.deepEqual(inClear, []);
      },
      [answer.extended(1, 0), answer.extended(1, 2)],
      // Where it leads to TLS it takes longer than the others.
      1 / 6,
    );
  });
});

/** What a login may come to whose bind is answered so. */
function bindsThatSay(said: Said | undefined): RegExp {
  if (said?.kind !== 'bind') return /^Unavailable$/;
  if (said.policy !== '') return /^(Unavailable|password-\w+|password-must-change|account-locked)$/;
  if (said.code === 0) return /^(Unavailable|alice@corp\.example)$/;
  return said.code === 49 ? /^(?!.*@)/ : /^Unavailable$/;
}

type SaidEntry = Extract<Said, { kind: 'search-entry' }>;

/** The entries before the end of an answer: nobody waits for more. */
function entriesIn(said: readonly Said[]): readonly SaidEntry[] {
  const end = said.findIndex(({ kind }) => kind === 'search-done');
  return said.slice(0, end).filter((each) => each.kind === 'search-entry');
}

function assertIsSaid(
  { account }: Extract<Verification, { kind: 'account' }>,
  entries: readonly SaidEntry[],
): void {
  assert.deepEqual([...new Set(entries.map(({ dn }) => dn))], [account.id]);
  const values = entries.flatMap((entry) => entry.attributes.flatMap(([, ...all]) => all));
  const addresses = account.addresses.map((each) => formatMailbox(each).toLowerCase());
  const unsaid = addresses.filter((address) => !values.some((value) => value.toLowerCase() === address));
  assert.deepEqual(unsaid, []);
}
