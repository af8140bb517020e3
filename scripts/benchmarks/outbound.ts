import { createSecureContext } from 'node:tls';
import { join } from 'node:path';
import type { Gateway } from '../demo/gateway.ts';
import { flatFileIni, type Setup, startOne } from './haraka.ts';
import { ask, nextFrom } from './process.ts';
import { openScene, type OpenScene } from './scene.ts';
import { messageFrom, visit } from './visit.ts';
import { inRounds, type Rounds } from './rounds.ts';

/** Microseconds for one message: CPU time of the process, and by the clock in the middle of all messages of a turn. */
export interface Spent {
  readonly cpu: number;
  readonly clock: number;
}

/** One turn of one Haraka. */
export interface OutboundTurn {
  /** How many hooks of gatekeeper/outbound each message went through. */
  readonly hooks: number;
  /** Hooks of gatekeeper/outbound, from MAIL until the message may be queued. */
  readonly checks: Spent;
  /** Haraka's own queueing. */
  readonly queue: Spent;
  /** From when its next server is known until that is tried. */
  readonly delivery: Spent;
}

const outboundNames = ['haraka', 'gate', 'counted', 'known', 'told'] as const;

type OutboundName = (typeof outboundNames)[number];

export interface OutboundFigures {
  readonly messages: number;
  /** Turn by turn. */
  readonly turns: Readonly<Record<OutboundName, readonly OutboundTurn[]>>;
}

interface Caller extends Rounds {
  /** For one turn, about. */
  readonly seconds: number;
  /** For the first turn of each, which is not counted: Node.js compiles what is used often. */
  readonly warmUpSeconds: number;
}

const messagesPerSecond = 200;

/** Judges and queues messages by turns, round after round. Rejects when any is not let through. */
export async function measureOutbound(caller: Caller): Promise<OutboundFigures> {
  const scene = await openScene(caller.signal);
  const running = new Map<OutboundName, Gateway>();
  const messages = messagesIn(caller.seconds);
  try {
    for (const name of outboundNames) running.set(name, await startKept(name, scene));
    return { messages, turns: await takeTurns(running, messages, caller) };
  } finally {
    for (const gateway of running.values()) await gateway.stop();
    await scene.close();
  }
}

function messagesIn(seconds: number): number {
  return Math.max(1, Math.round(seconds * messagesPerSecond));
}

async function takeTurns(
  running: ReadonlyMap<OutboundName, Gateway>,
  messages: number,
  caller: Caller,
): Promise<OutboundFigures['turns']> {
  const turns: Record<OutboundName, OutboundTurn[]> = {
    haraka: [],
    gate: [],
    counted: [],
    known: [],
    told: [],
  };
  await inRounds(caller, async (counts) => {
    for (const [name, { process }] of running) {
      const count = counts ? messages : messagesIn(caller.warmUpSeconds);
      const turn = await ask<OutboundTurn>(process, { messages: count, lines });
      if (counts) turns[name].push(turn);
    }
  });
  return turns;
}

const sender = 'alice@corp.example';

const lines = messageFrom(sender).split('\r\n').slice(0, -2);

/** A Haraka that keeps the session of somebody who has logged in over TLS, and is about to queue a message. */
async function startKept(name: OutboundName, scene: OpenScene): Promise<Gateway> {
  const probe = join(import.meta.dirname, 'outbound-probe.js');
  const setup = setups[name](scene);
  const config = { ...setup.config, 'outbound-probe.timeout': '0' };
  const gateway = await startOne(name, scene, { ...setup, config, last: [probe] });
  const kept = nextFrom(gateway.process);
  const person = scene.accounts.find(({ addresses }) => addresses[0] === sender);
  const trust = createSecureContext({ ca: scene.certificate.cert });
  const visitor = { port: gateway.ports.submission, login: sender, password: person?.password ?? '' };
  const visited = visit({
    ...visitor,
    address: sender,
    trust,
    servername: 'gw.corp.example',
    resumes: false,
  });
  // It ends with the gateway, and has no answer until then.
  await Promise.race([kept, visited]);
  visited.catch(() => undefined);
  return gateway;
}

const ours = ['gatekeeper/tls', 'tls', 'gatekeeper/auth', 'gatekeeper/sender', 'rcpt_to.in_host_list'];

/** More than is sent here: nothing is refused, and nobody looks taken over. */
const limits = {
  recipients_per_hour: 1_000_000_000,
  soft_recipients_per_hour: 'none',
  soft_messages_per_hour: 'none',
};
const suspension = { recipients: 1_000_000 };

const setups: Readonly<Record<OutboundName, (scene: OpenScene) => Setup>> = {
  haraka: ({ accounts }) => ({
    plugins: ['tls', 'auth/flat_file', 'rcpt_to.in_host_list'],
    config: { 'auth_flat_file.ini': flatFileIni(accounts) },
  }),
  gate: ({ directory }) => ({
    plugins: [...ours, 'gatekeeper/outbound'],
    config: { 'ldap-ca.pem': directory.ca },
    settings: { limits: { mode: 'off' }, suspension: { mode: 'off' } },
  }),
  counted: ({ directory }) => ({
    plugins: [...ours, 'gatekeeper/outbound'],
    config: { 'ldap-ca.pem': directory.ca },
    settings: { limits, suspension },
  }),
  known: ({ directory }) => ({
    plugins: [...ours, 'gatekeeper/outbound'],
    config: { 'ldap-ca.pem': directory.ca },
    settings: { limits, suspension: { ...suspension, new_recipients: 1_000_000 } },
  }),
  told: ({ directory }) => ({
    plugins: ['gatekeeper/audit', ...ours, 'gatekeeper/outbound'],
    config: { 'ldap-ca.pem': directory.ca },
    settings: { limits, suspension },
  }),
};
