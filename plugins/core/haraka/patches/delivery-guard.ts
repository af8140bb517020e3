import constants from 'haraka-constants';
import { messageOf } from '../../message-of.ts';
import type { SmartHost } from '../../smart-host/types.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { stranger, withHooks } from '../throw-away.ts';
import type { Next, Plugin, QueuedMessage } from '../types.ts';
import { departThrough } from './smart-host.ts';

/** What happens to a message that is about to leave. */
export type Ruling =
  | 'deliver'
  /** To a server of ours, whatever the DNS or a plugin names; a plugin that refuses a delivery has its way. */
  | { readonly through: SmartHost }
  /** It lies elsewhere by now: it leaves the queue, and nobody hears of it. */
  | 'taken-out'
  /** Neither: it stays, without a try that counts. */
  | { readonly againInSeconds: number };

/** What Haraka is about to do: send a message, or tell its sender that it cannot. */
export type Act = 'delivery' | 'bounce';

type Guard = (message: QueuedMessage, act: Act) => Ruling | Promise<Ruling>;

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
            return asked(this, 'delivery', (host) => {
              const isRefused = code === constants.deny || code === constants.denysoft;
              const server = departThrough(plugin, this, host);
              return host && !isRefused
                ? respond.call(this, constants.ok, server)
                : respond.call(this, code, mx);
            });
          },
      ),
      replaceMethod(
        prototype,
        'bounce_respond',
        (respond) =>
          function (this: QueuedMessage, code) {
            asked(this, 'bounce', () => respond.call(this, code));
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

/** Has the guard rule on an act, at once where it rules at once. Whatever it does comes out as a ruling. */
function asking(plugin: Plugin, guard: Guard) {
  return (message: QueuedMessage, act: Act, goOn: (host?: SmartHost) => unknown): unknown => {
    const obey = (ruling: Ruling): unknown => {
      if (ruling === 'deliver') return goOn();
      if (typeof ruling === 'object' && 'through' in ruling) return goOn(ruling.through);
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
      ruling = trials.get(message) ?? guard(message, act);
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
