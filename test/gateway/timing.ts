import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, peopleBase, type Entry } from '../../scripts/demo/people.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { decode, encode, storedVerifier } from '../support/scram.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { connectAs, plain, type SmtpClient } from '../support/smtp.ts';

// Run by scripts/test-nightly: it takes minutes, and a machine that does nothing else. No part of scripts/test.

/** Of each kind. */
const accounts = Number(process.env['ACCOUNTS'] ?? 1000);
/** Between two attempts whose answers are delayed, so that each is alone on the gateway when it is decided. */
const gapMs = 25;
/** Sessions that are opened before any of them is used. */
const batchSize = 100;

/** How far the figure may be from 0.5, where time tells nothing. */
const tolerance = 0.05;

/** Whether somebody exists, and has a verifier; all names are of one length. */
const kinds = ['verified', 'password', 'stranger'] as const;
type Kind = (typeof kinds)[number];

interface Attempt {
  readonly kind: Kind;
  readonly login: string;
  /** An address of a network that nobody else comes from, as an attacker has who knows of counters. */
  readonly from: string;
}

/** What was measured of one attempt, in milliseconds. */
type Times = Readonly<Record<string, number>>;

function loginOf(kind: Kind, number: number): string {
  return `${kind.slice(0, 8).padEnd(8, '-')}-${String(number).padStart(6, '0')}@corp.example`;
}

function person(kind: Kind, number: number): Entry {
  const login = loginOf(kind, number);
  const uid = login.slice(0, login.indexOf('@'));
  const salt = randomBytes(8);
  const digest = createHash('sha1').update('the right one').update(salt).digest();
  return {
    dn: `uid=${uid},${peopleBase}`,
    attributes: {
      objectClass: ['inetOrgPerson', 'gatekeeperSender'],
      ...{ uid: [uid], cn: [uid], sn: [uid], mail: [login] },
      userPassword: [`{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`],
      ...(kind === 'verified' && { gatekeeperScramVerifier: [storedVerifier('the right one', salt, 4096)] }),
    },
  };
}

function everybody(): Entry[] {
  const numbers = Array.from({ length: accounts }, (_, number) => number);
  return [
    ...entries(),
    ...numbers.flatMap((number) => [person('verified', number), person('password', number)]),
  ];
}

/** All attempts of a run in an order of chance. */
function attemptsOf(wanted: readonly Kind[], run: number): Attempt[] {
  const all = wanted.flatMap((kind, index) =>
    Array.from({ length: accounts }, (_, number): Attempt => {
      const network = (run * wanted.length + index) * accounts + number;
      return {
        kind,
        login: loginOf(kind, number),
        from: `${20 + (network >> 16)}.${(network >> 8) & 255}.${network & 255}.7`,
      };
    }),
  );
  const keyed = all.map((attempt) => ({ attempt, key: Math.random() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ attempt }) => attempt);
}

async function session(gateway: TestGateway, from: string): Promise<SmtpClient> {
  const client = await connectAs(from, { port: gateway.ports.submission });
  await client.reply();
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await client.upgrade();
  await client.command('EHLO client.example');
  return client;
}

type Measure = (client: SmtpClient, attempt: Attempt) => Promise<Times>;

async function timed(client: SmtpClient, line: string, code: number): Promise<{ ms: number; text: string }> {
  const begun = performance.now();
  const { text } = await client.command(line);
  const ms = performance.now() - begun;
  assert.ok(text.startsWith(String(code)), text);
  return { ms, text };
}

const guessByPlain: Measure = async (client, { login }) => {
  const { ms } = await timed(client, `AUTH PLAIN ${plain(login, `wrong ${Math.random()}`)}`, 535);
  return { verdict: ms };
};

/** Without knowledge of the password no proof is any better than what chance makes. */
const guessByScram: Measure = async (client, { login }) => {
  const asked = await timed(client, `AUTH SCRAM-SHA-256 ${encode(`n,,n=${login},r=nonce-of-client`)}`, 334);
  const [, nonce = ''] = /^r=([^,]+),/.exec(decode(asked.text.slice(4))) ?? [];
  const proof = randomBytes(32).toString('base64');
  const told = await timed(client, encode(`c=biws,r=${nonce},p=${proof}`), 535);
  return { challenge: asked.ms, verdict: told.ms, both: asked.ms + told.ms };
};

/** By kind and by what was measured, such as `stranger verdict`. */
type AllTimes = Map<string, number[]>;

/** Measures all attempts: with a delay each begins a little after the one before, without one it ends before the next. */
async function measured(
  gateway: TestGateway,
  attempts: readonly Attempt[],
  measure: Measure,
  isDelayed: boolean,
): Promise<AllTimes> {
  const times: AllTimes = new Map();
  for (let at = 0; at < attempts.length; at += batchSize) {
    const batch: (readonly [Attempt, SmtpClient])[] = [];
    for (const attempt of attempts.slice(at, at + batchSize)) {
      batch.push([attempt, await session(gateway, attempt.from)]);
    }
    await delay(50);
    const under: Promise<void>[] = [];
    for (const [attempt, client] of batch) {
      const attempted = measure(client, attempt).then((found) => note(times, attempt.kind, found));
      await (isDelayed ? delay(gapMs) : attempted);
      under.push(attempted);
    }
    await Promise.all(under);
    for (const [, client] of batch) client.destroy();
  }
  return times;
}

function note(times: AllTimes, kind: Kind, found: Times): void {
  for (const [what, ms] of Object.entries(found)) {
    const name = `${kind} ${what}`;
    times.set(name, [...(times.get(name) ?? []), ms]);
  }
}

/** How probably one of `ones` took longer than one of `others` (Mann and Whitney): the area under the ROC curve. */
function area(ones: readonly number[], others: readonly number[]): number {
  const all = [...ones.map((ms) => ({ ms, isOne: true })), ...others.map((ms) => ({ ms, isOne: false }))];
  all.sort((a, b) => a.ms - b.ms);
  const ranks = all.reduce((sum, { isOne }, index) => sum + (isOne ? index + 1 : 0), 0);
  return (ranks - (ones.length * (ones.length + 1)) / 2) / (ones.length * others.length);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Prints what is measured of each pair of kinds; gives the names of what tells them apart. */
function telling(context: TestContext, times: AllTimes, pairs: readonly (readonly [Kind, Kind])[]): string[] {
  const whats = [...new Set([...times.keys()].map((name) => name.split(' ')[1] ?? ''))];
  return pairs.flatMap(([one, other]) =>
    whats.flatMap((what) => {
      const [ones, others] = [times.get(`${one} ${what}`) ?? [], times.get(`${other} ${what}`) ?? []];
      const figure = area(ones, others);
      const line = `${what}, ${one} against ${other}: area ${figure.toFixed(3)}, medians ${median(ones).toFixed(3)} and ${median(others).toFixed(3)} ms`;
      context.diagnostic(line);
      return Math.abs(figure - 0.5) > tolerance ? [line] : [];
    }),
  );
}

const strangers = [['password', 'stranger']] as const;
const all = [
  ['verified', 'stranger'],
  ['password', 'stranger'],
  ['verified', 'password'],
] as const;

void describe(
  `whether time tells who exists, by ${accounts} accounts of each kind`,
  { concurrency: 1 },
  () => {
    let slapd: Slapd;
    let run = 0;
    before(async () => {
      slapd = await startSlapd({ ldif: ldif(everybody()) });
    });
    after(() => slapd.stop());

    /** Figures of one gateway, with the guessing limits that are the default. */
    async function figures(
      context: TestContext,
      how: { readonly delaySeconds?: number; readonly scram: boolean },
    ): Promise<string[]> {
      const { delaySeconds, scram } = how;
      const gateway = await startTestGateway({
        directoryUrl: slapd.url,
        settings: {
          auth: delaySeconds === undefined ? {} : { failure_delay_seconds: delaySeconds },
          guessing: {},
          directory: scram ? { scram_attribute: 'gatekeeperScramVerifier' } : {},
        },
      });
      try {
        const wanted: readonly Kind[] = scram ? kinds : ['password', 'stranger'];
        run += 1;
        const measure = scram ? guessByScram : guessByPlain;
        const isDelayed = delaySeconds !== 0;
        // Code that was never run takes longer, whoever it is run for.
        await measured(gateway, attemptsOf(wanted, 40 + run).slice(0, 2 * batchSize), measure, isDelayed);
        const times = await measured(gateway, attemptsOf(wanted, run), measure, isDelayed);
        return telling(context, times, scram ? all : strangers);
      } finally {
        await gateway.stop();
      }
    }

    void it('does not, by PLAIN', async (context) => {
      assert.deepEqual(await figures(context, { scram: false }), []);
    });

    void it('does not, by SCRAM-SHA-256', async (context) => {
      assert.deepEqual(await figures(context, { scram: true }), []);
    });

    void it('is not promised with failure_delay_seconds: 0; the figures show what the delay hides', async (context) => {
      assert.ok((await figures(context, { scram: false, delaySeconds: 0 })).length > 0);
      await figures(context, { scram: true, delaySeconds: 0 });
    });
  },
);
