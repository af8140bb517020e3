import { NOTFOUND } from 'node:dns';
import constants from 'haraka-constants';
import { messageOf } from '../../message-of.ts';
import type { FoundMx } from '../../dane/mx.ts';
import type { TlsDemand } from '../../outgoing-tls/rule.ts';
import type { SmartHost } from '../../smart-host/types.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { stranger, withHooks } from '../throw-away.ts';
import type { Next, Plugin, QueuedMessage } from '../types.ts';
import { demandTls } from './outgoing-tls.ts';
import { departThrough } from './smart-host.ts';

/** What happens to a message that is about to leave. */
export type Ruling =
  | 'deliver'
  /** By this way; a plugin that refuses a delivery has its way. */
  | Way
  /** It lies elsewhere by now: it leaves the queue, and nobody hears of it. */
  | 'taken-out'
  /** Neither: it stays, without a try that counts. */
  | { readonly againInSeconds: number };

interface Way {
  /** A server of ours, whatever the DNS or a plugin names. */
  readonly through?: SmartHost;
  /** A server whose TLS is what the message needs. */
  readonly demanding?: TlsDemand;
  /** What the DNS says of where it goes, where Haraka is not to ask. */
  readonly mx?: FoundMx;
}

/** What Haraka is about to do: send a message, or tell its sender that it cannot. */
export type Act = 'delivery' | 'bounce';

/** `isNamed`: a plugin has named the servers of a delivery. */
type Guard = (message: QueuedMessage, act: Act, isNamed: boolean) => Ruling | Promise<Ruling>;

/** After a fault of ours. */
const faultSeconds = 60;

/** Rulings that are tried, by the message that they are tried on. */
const trials = new WeakMap<QueuedMessage, Ruling>();

/** Lets a message of a self-test pass. */
export function letPass(message: QueuedMessage): void {
  trials.set(message, 'deliver');
}

/** Asks about every message, at every try, when all hooks have had their say and before Haraka acts on it. */
export const deliveryGuard = definePatch({
  name: 'delivery-guard',
  reaches: '`get_mx_respond`, `bounce_respond`, `send_email_respond` and `discard` of messages in the queue',
  why: 'At `get_mx` the OK of a plugin that was loaded earlier skips ours, a throw counts as consent, and every refusal ends in a bounce, to whoever is said to be the sender.',
  install(plugin, guard: Guard) {
    const { prototype } = plugin.haraka_require('outbound').HMailItem;
    const asked = asking(plugin, guard);
    const restore = [
      replaceMethod(
        prototype,
        'get_mx_respond',
        (respond) =>
          function (this: QueuedMessage, code, mx) {
            const isNamed = code === constants.ok;
            return asked({ message: this, act: 'delivery', isNamed }, (way) => {
              demandTls(this, way.demanding);
              const isRefused = code === constants.deny || code === constants.denysoft;
              const server = departThrough(plugin, this, way.through);
              if (isRefused) return respond.call(this, code, mx);
              if (way.through) return respond.call(this, constants.ok, server);
              if (isNamed || !way.mx) return respond.call(this, code, mx);
              return goTo(this, way.mx, (servers) => respond.call(this, constants.ok, servers));
            });
          },
      ),
      replaceMethod(
        prototype,
        'bounce_respond',
        (respond) =>
          function (this: QueuedMessage, code) {
            asked({ message: this, act: 'bounce', isNamed: false }, () => respond.call(this, code));
          },
      ),
    ];
    return () => restore.forEach((undo) => undo());
  },
  selfTest(plugin) {
    for (const act of ['delivery', 'bounce'] as const) {
      const goesOn = act === 'delivery' ? 'found_mx' : 'populate_bounce_message';
      expect(`a ${act} to go on`, outcomeOf(plugin, act, 'deliver') === goesOn);
      expect(`a ${act} of what was taken out to end`, outcomeOf(plugin, act, 'taken-out') === 'next_cb');
      expect(`a ${act} to wait`, outcomeOf(plugin, act, { againInSeconds: 7 }) === 'delayed by 7 s');
    }
  },
});

/** Has Haraka go where the DNS says, as if it had asked itself. */
function goTo(
  message: QueuedMessage,
  mx: FoundMx,
  respond: (servers: readonly object[]) => unknown,
): unknown {
  switch (mx.kind) {
    case 'hosts':
      return respond(inTurn(mx.hosts).map(({ preference: priority, exchange }) => ({ priority, exchange })));
    case 'null-mx':
      return respond([{ priority: 0, exchange: '' }]);
    case 'no-domain':
      message.get_mx_error(Object.assign(new Error('no such domain'), { code: NOTFOUND }));
      return undefined;
    case 'failed':
      message.get_mx_error(new Error(mx.why));
      return undefined;
  }
}

/** RFC 5321 §5.1: those of the same preference at random, so that all of them have mail. */
function inTurn<Host extends { readonly preference: number }>(hosts: readonly Host[]): readonly Host[] {
  return hosts
    .map((host) => ({ host, lot: Math.random() }))
    .sort((one, other) => one.host.preference - other.host.preference || one.lot - other.lot)
    .map(({ host }) => host);
}

interface Question {
  readonly message: QueuedMessage;
  readonly act: Act;
  readonly isNamed: boolean;
}

/** Has the guard rule on an act, at once where it rules at once. Whatever it does comes out as a ruling. */
function asking(plugin: Plugin, guard: Guard) {
  return ({ message, act, isNamed }: Question, goOn: (way: Way) => unknown): unknown => {
    const obey = (ruling: Ruling): unknown => {
      if (ruling === 'deliver') return goOn({});
      if (typeof ruling === 'object' && !('againInSeconds' in ruling)) return goOn(ruling);
      if (ruling === 'taken-out') message.discard();
      else message.send_email_respond(constants.delay, ruling.againInSeconds);
      return undefined;
    };
    const fault = (error: unknown): Ruling => {
      plugin.logcrit(`${message.filename} stays in the queue: ${messageOf(error)}`);
      return { againInSeconds: faultSeconds };
    };
    let ruling: Ruling | Promise<Ruling>;
    try {
      ruling = trials.get(message) ?? guard(message, act, isNamed);
    } catch (error) {
      ruling = fault(error);
    }
    return ruling instanceof Promise ? ruling.catch(fault).then(obey) : obey(ruling);
  };
}

/** What Haraka does with a message without a file, for which a plugin has named a server, or that cannot be delivered. */
function outcomeOf(plugin: Plugin, act: Act, ruling: Ruling): string | undefined {
  let outcome: string | undefined;
  const ends = ['found_mx', 'next_cb', 'temp_fail', 'bounce', 'get_mx', 'populate_bounce_message'];
  const levels = ['logdebug', 'loginfo', 'logwarn'];
  const message = Object.assign(
    Object.create(plugin.haraka_require('outbound').HMailItem.prototype) as QueuedMessage,
    Object.fromEntries(levels.map((level) => [level, () => undefined])),
    Object.fromEntries(ends.map((end) => [end, () => (outcome ??= end)])),
    {
      ...{ path: '/dev/null/none', filename: 'none', refcount: 1 },
      todo: { domain: 'invalid', mail_from: { user: 'throw-away', host: 'invalid' }, rcpt_to: [] },
    },
  );
  if (typeof ruling === 'object' && 'againInSeconds' in ruling) {
    message.send_email_respond = (code, seconds) => {
      outcome = code === constants.delay ? `delayed by ${seconds} s` : 'get_mx';
    };
  }
  trials.set(message, ruling);
  const run = (next: Next) => next(constants.ok, { priority: 0, exchange: 'invalid' });
  withHooks(plugin, { get_mx: [{ of: stranger, run }], bounce: [], log: [] }, () => {
    plugin.haraka_require('plugins').run_hooks(act === 'delivery' ? 'get_mx' : 'bounce', message, 'invalid');
  });
  return outcome;
}
