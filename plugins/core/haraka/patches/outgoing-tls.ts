import { messageOf } from '../../message-of.ts';
import {
  unmet,
  type AppliedPolicy,
  type TlsDemand,
  type TlsFailure,
  type TlsRule,
} from '../../outgoing-tls/rule.ts';
import { guardServer, type OutgoingSession } from '../outgoing-socket.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { rehearsal } from '../rehearsal.ts';
import type { Address, Mx, Plugin, QueuedMessage } from '../types.ts';

/** What a message needs at this try, and which servers did not have it. */
interface Leaving {
  readonly demand: TlsDemand;
  readonly failures: TlsFailure[];
  /** Servers that are out of the question, of which that was told: they may have many addresses. */
  readonly excluded: Set<string>;
  current?: Current;
}

/** The server that is tried now. */
interface Current {
  readonly server: string;
  rules: readonly TlsRule[];
  hasFailed: boolean;
  tls?: 'none' | 'secured';
}

const leaving = new WeakMap<QueuedMessage, Leaving>();

/** Hears of a server that did not meet some rules, of which some may be enforced. */
type Tell = (message: QueuedMessage, failures: readonly TlsFailure[], address: string | undefined) => void;

/** Says what TLS a message needs at this try; nothing, where any server will do. */
export function demandTls(message: QueuedMessage, demand: TlsDemand | undefined): void {
  if (demand) leaving.set(message, { demand, failures: [], excluded: new Set() });
  else leaving.delete(message);
}

/** By which policy of the recipient the last server was good, or that there is none; `undefined` where nobody looked, or it was not. */
export function policyMet(message: QueuedMessage): AppliedPolicy | 'none' | undefined {
  const { demand, current } = leaving.get(message) ?? {};
  if (!demand?.isLookedUp || !current?.tls || current.hasFailed) return undefined;
  const policies = current.rules.flatMap(({ policy }) => (policy ? [policy] : []));
  const [best] = policies.sort((one, other) => other.type.localeCompare(one.type));
  if (!best) return 'none';
  return current.tls === 'secured' ? best : undefined;
}

/** Hands a message to no server whose TLS is not what it needs, and tries the next one instead. */
export const outgoingTls = definePatch({
  name: 'outgoing-tls',
  reaches:
    '`get_force_tls`, `try_deliver_host_on_socket` and `try_deliver` of messages in the queue, and `write`, `emit` and `upgrade` of the sockets that they leave by',
  why: 'Haraka demands TLS by the exact name of a server alone, gives a message back where the first of several has none, verifies a server without a name as `localhost`, knows no MTA-STS, DANE or REQUIRETLS, and tells the sender no reason.',
  fallback: 'mail that needs TLS by `require_tls`, or that its recipient demands TLS for, stays in the queue',
  install(plugin, tell: Tell) {
    const { prototype } = plugin.haraka_require('outbound').HMailItem;
    const restore = [
      replaceMethod(
        prototype,
        'get_force_tls',
        (isForced) =>
          function (this: QueuedMessage, mx) {
            return isTlsForced(leaving.get(this)?.current, () => isForced.call(this, mx));
          },
      ),
      replaceMethod(
        prototype,
        'try_deliver_host_on_socket',
        (deliver) =>
          function (this: QueuedMessage, mx, host, port, socket) {
            const session = sessionOf(this, leaving.get(this), (failures) => {
              tell(this, failures, socket.remoteAddress);
            });
            if (session) guardServer(plugin, session, socket);
            deliver.call(this, mx, host, port, socket);
          },
      ),
      replaceMethod(
        prototype,
        'try_deliver',
        (next) =>
          function (this: QueuedMessage) {
            const known = leaving.get(this);
            return known ? approach(this, known, () => next.call(this), tell) : next.call(this);
          },
      ),
    ];
    return () => restore.forEach((undo) => undo());
  },
  selfTest(plugin) {
    const good = rehearse(plugin, [rule], ['250-x', '250 STARTTLS'], true);
    expect('STARTTLS, and a message after it', /STARTTLS\r\n(?:.*\r\n)*MAIL /.test(good.said));
    expect('the name of the server to be asked for', good.tls?.['servername'] === 'mx.invalid');
    const bad = rehearse(plugin, [rule], ['250-x', '250 STARTTLS'], false);
    expect('no message without a certificate that is good', !bad.said.includes('MAIL'));
    const clear = rehearse(plugin, [rule], ['250 x'], true);
    expect('no message in clear', !clear.said.includes('MAIL'));
    const excluded = { ...rule, fault: { type: 'validation-failure', why: 'a test' } } as const;
    const out = rehearse(plugin, [excluded], ['250-x', '250 STARTTLS'], true);
    expect('nothing for a server that is out of the question', out.said === '\r\n');
    for (const each of [bad, clear, out]) {
      expect('the next server to be tried, and the message to stay', each.outcomes.join() === 'temp_fail');
      expect('its sender to be told why', each.status === '4.7.4');
    }
    const requiretls = rehearse(plugin, [{ ...rule, requiretls: true }], ['250-x', '250 STARTTLS'], true);
    expect('no message without REQUIRETLS', !requiretls.said.includes('MAIL'));
    expect('its sender to be told of REQUIRETLS', requiretls.status === '4.7.30');
  },
});

const rule: TlsRule = { by: 'a test', isEnforced: true, certificate: 'valid' };

/** Haraka itself would verify such servers. */
const forced: TlsRule = { by: 'force_tls_hosts of tls.ini', isEnforced: true, certificate: 'valid' };

function isTlsForced(current: Current | undefined, isForced: () => boolean): boolean {
  const enforced = current?.rules.filter(({ isEnforced }) => isEnforced) ?? [];
  if (enforced.some(({ certificate }) => certificate !== 'any')) return true;
  const isForcedByHaraka = isForced();
  if (current && isForcedByHaraka) current.rules = [...current.rules, forced];
  return isForcedByHaraka || enforced.length > 0;
}

/** Goes to the next server that is not out of the question; to none where it cannot be found out what that one has to meet. */
function approach(message: QueuedMessage, known: Leaving, goOn: () => unknown, tell: Tell): unknown {
  const [mx] = message.mxlist;
  if (!mx) {
    if (known.failures.length === 0) goOn();
    else giveBack(message, known);
    return undefined;
  }
  const server = nameOf(mx);
  const begin = (rules: readonly TlsRule[]): unknown => {
    // What a server has failed already is not told again.
    known.current = { server, rules: rules.filter((each) => !each.fault), hasFailed: false };
    const faults = failuresOf(server, rules);
    const isOut = faults.some((each) => each.rule.isEnforced);
    if (faults.length > 0) known.current.hasFailed = true;
    if (faults.length > 0 && !known.excluded.has(server)) tell(message, faults, undefined);
    if (!isOut) return goOn();
    known.excluded.add(server);
    known.failures.push(...faults.filter((each) => each.rule.isEnforced));
    message.mxlist.shift();
    return message.try_deliver();
  };
  const later = (error: unknown) => {
    message.temp_fail(`it cannot be found out which TLS ${server} has to have: ${messageOf(error)}`);
  };
  let rules: ReturnType<TlsDemand['rulesFor']>;
  try {
    rules = known.demand.rulesFor(server);
  } catch (error) {
    later(error);
    return undefined;
  }
  return rules instanceof Promise ? rules.then(begin, later) : begin(rules);
}

function failuresOf(server: string, rules: readonly TlsRule[]): TlsFailure[] {
  return rules.flatMap((each) => (each.fault ? [{ server, rule: each, ...each.fault }] : []));
}

/** The name that the DNS has for it, or its address. */
function nameOf(mx: Mx): string {
  return mx.from_dns ?? mx.exchange ?? '';
}

function sessionOf(
  message: QueuedMessage,
  { current, failures }: Partial<Leaving> = {},
  tell: (failures: readonly TlsFailure[]) => void,
): OutgoingSession | undefined {
  if (!current || !failures) return undefined;
  const { server, rules } = current;
  return {
    ...{ server, rules },
    failed: (broken, fault) => {
      const failed = broken.map((each) => ({ server, rule: each, ...fault }));
      current.hasFailed = true;
      failures.push(...failed.filter((each) => each.rule.isEnforced));
      tell(failed);
    },
    inClear: () => {
      current.tls = 'none';
    },
    secured: (isValid) => {
      current.tls = 'secured';
      // Haraka itself would say nothing to a server whose certificate is not one of the authorities that it knows.
      if (!isValid) message.force_tls = false;
    },
  };
}

function giveBack(message: QueuedMessage, { failures }: Leaving): void {
  const { text, status } = unmet(failures);
  for (const recipient of message.todo.rcpt_to) {
    Object.assign(recipient, {
      ...{ reason: text, dsn_action: 'delayed', dsn_status: status, dsn_code: undefined, dsn_msg: text },
      ...{ dsn_smtp_code: undefined, dsn_smtp_extc: undefined, dsn_smtp_response: undefined },
    });
  }
  message.temp_fail(text);
}

/** What Haraka does with a message for a server that answers EHLO so, and has a certificate that is accepted or not. */
function rehearse(plugin: Plugin, rules: readonly TlsRule[], ehlo: readonly string[], isAccepted: boolean) {
  const stage = rehearsal(plugin);
  const { message, socket, hear } = stage;
  const recipient = { dsn_status: '' };
  Object.assign(message.todo, { rcpt_to: [recipient as unknown as Address] });
  const mx = { exchange: '192.0.2.1', from_dns: 'mx.invalid', port: 25, bind_helo: 'helo.invalid' };
  demandTls(message, { isLookedUp: false, rulesFor: () => rules });
  stage.run(() => {
    if (rules.some(({ fault }) => fault)) {
      message.mxlist.push(mx);
      message.try_deliver();
      return;
    }
    Object.assign(leaving.get(message) ?? {}, { current: { server: mx.from_dns, rules, hasFailed: false } });
    message.force_tls = message.get_force_tls(mx);
    message.try_deliver_host_on_socket(mx, mx.exchange, mx.port, socket);
    hear('220 none', ...ehlo, '220 Go on');
    stage.secure(isAccepted, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    hear('250 x');
  });
  const { said, outcomes } = stage;
  return { said: `${said.join('\r\n')}\r\n`, outcomes, tls: stage.tls(), status: recipient.dsn_status };
}
