import { join, resolve } from 'node:path';
import { isDiskFull } from '../core/durable.ts';
import { judgeDelivery, type Stop } from '../core/haraka/checks/delivery.ts';
import { recordDelivery, type DeliveryCase, type DeliveryVerdict } from '../core/haraka/delivery.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { applyPatch, isInstalled } from '../core/haraka/patch.ts';
import { bouncesKept } from '../core/haraka/patches/bounces-kept.ts';
import { bouncesKnown } from '../core/haraka/patches/bounces-known.ts';
import { deliveryGuard, type Act, type Ruling } from '../core/haraka/patches/delivery-guard.ts';
import { unreadableFiles } from '../core/haraka/patches/unreadable-files.ts';
import { outgoingTls } from '../core/haraka/patches/outgoing-tls.ts';
import { smartHostGuard } from '../core/haraka/patches/smart-host.ts';
import { keepOwnRecord } from '../core/haraka/kept-record.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { suspensionsOf } from '../core/haraka/suspensions.ts';
import type { Plugin, QueuedMessage } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { foldersIn, hold, type Folders } from '../core/provenance/held.ts';
import {
  isUnproven,
  judgeProvenance,
  unprovenAuthors,
  type Outgoing,
  type Stopped,
  type Unproven,
} from '../core/provenance/judge.ts';
import { authorsMarkIn } from '../core/provenance/queue-file.ts';
import { recordName, tlsOptionIn, type ProvenanceRecord } from '../core/provenance/record.ts';
import {
  demandOf,
  isDemanding,
  ownDemand,
  type RecipientPolicy,
} from '../core/outgoing-tls/recipient-policy.ts';
import type { TlsDemand, TlsRule } from '../core/outgoing-tls/rule.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { SmartHost } from '../core/smart-host/types.ts';
import { formsOf, provenanceCheck as check } from './provenance.ts';
import { decideRoute, type Departing } from './route.ts';
import type { RecipientPolicies } from './recipient-policies.ts';
import { rulesOf } from './tls-demand.ts';
import { tellTlsFailures, tellUnavailable } from './tls-failures.ts';
import { keepTrail } from './trail.ts';
import { holdUnreadable } from './unreadable.ts';

/** A message that could not be put aside stays in the queue for so long. */
const againInSeconds = 15;

/** The same of one that must leave through a smart host, or over TLS, and cannot. */
const withoutWaySeconds = 60;

type Refused = Exclude<DeliveryVerdict, { readonly kind: 'pass' }>;

/** What was found at the last try. */
const judgements = new WeakMap<QueuedMessage, ProvenanceRecord | Unproven>();

/** What is known of the ways out. */
export interface Ways {
  /** The smart hosts of the settings in force; `undefined` for one that cannot be used now. */
  readonly find: (name: string) => SmartHost | undefined;
  readonly recipients: RecipientPolicies;
}

/** Lets no message leave that this gateway did not accept, and marks what Haraka itself sends. */
export function guardDelivery(plugin: Plugin, ways: Ways): void {
  applyPatch(plugin, bouncesKnown, ({ transaction, of, to }) => {
    const origin = { kind: 'bounce', of: of.todo.uuid } as const;
    const recipients = [to.format().slice(1, -1)];
    const common = { origin, recipients, revision: currentSettings().revision };
    // RFC 8689 §5: a bounce asks for as much as what it is about.
    const isTlsRequired = tlsOptionIn(of.todo.notes[recordName]) === 'require';
    keepOwnRecord(transaction, { ...common, ...(isTlsRequired && { tls_option: 'require' }) });
  });
  applyPatch(plugin, bouncesKept);
  applyPatch(plugin, unreadableFiles, (message) => holdUnreadable(plugin, message, heldFolders()));
  // Inside of the guard: what is taken out is not bounced.
  keepTrail(plugin, provenOrigin);
  applyPatch(plugin, smartHostGuard);
  applyPatch(plugin, outgoingTls, (message, failures, address) => {
    tellTlsFailures({ plugin, message, record: provenOrigin(message) }, failures, address);
  });
  applyPatch(plugin, deliveryGuard, (message, act, isNamed) =>
    ruleOn(plugin, ways, { message, act, isNamed }),
  );
}

/** Where mail is held. */
export function heldFolders(): Folders {
  return foldersIn(resolve(harakaDirectory(), currentSettings().policy.data_directory));
}

/** What is asked of the guard. */
interface Question {
  readonly message: QueuedMessage;
  readonly act: Act;
  /** A plugin has named the servers. */
  readonly isNamed: boolean;
}

function ruleOn(plugin: Plugin, ways: Ways, question: Question): Ruling | Promise<Ruling> {
  const { message } = question;
  const settings = currentSettings();
  const mode = settings.policy.outbound.unproven_mail;
  const about = { check, plugin, message, mode, started: performance.now(), settings };
  const judged = judgeWhole(message);
  if (isUnproven(judged)) {
    const verdict = { kind: 'refuse', ...judged } as const;
    return mode === 'enforce' ? takeOut(about, verdict) : depart(about, verdict, ways, question);
  }
  const stopped = stoppedBy(judged, settings.policy);
  if (stopped) return stop({ ...about, mode: 'enforce' }, { kind: 'refuse', ...stopped });
  const go = () => depart(about, { kind: 'pass', record: judged }, ways, question);
  const byChecks = question.act === 'delivery' ? judgeDelivery(message, judged, settings) : undefined;
  return byChecks ? byChecks.then((against) => (against ? obey(against) : go())) : go();
}

/** A check of others refuses a delivery: then it is held. Or it cannot tell now. */
async function obey({ about, verdict }: Stop): Promise<Ruling> {
  if (verdict.kind === 'refuse') return takeOut(about, verdict);
  recordDelivery(about, verdict, { file: about.message.path });
  return later;
}

/** Never by another way than the smart host that it has to leave through. */
function depart(
  about: DeliveryCase,
  verdict: DeliveryVerdict,
  ways: Ways,
  { act, isNamed }: Question,
): Ruling | Promise<Ruling> {
  const { message, settings } = about;
  const departing = departingOf(message, verdict);
  const entry = act === 'delivery' ? decideRoute(departing, settings.policy) : undefined;
  // That what is proven may be told to its sender is no news.
  if (act === 'delivery' || verdict.kind === 'refuse') {
    recordDelivery(about, verdict, { file: message.path, smartHost: entry?.name });
  }
  if (act === 'bounce') return 'deliver';
  const rules = rulesOf(departing, settings.policy);
  if (rules.length > 0 && !isInstalled(outgoingTls)) return later;
  if (entry) return throughHost(isInstalled(smartHostGuard) ? ways.find(entry.name) : undefined, rules);
  if (isNamed) return byOwnWay(rules);
  return byDns(about, departing, ways.recipients, rules);
}

/** By servers that those who run the gateway name: they have only our rules to meet. */
function byOwnWay(rules: readonly TlsRule[]): { readonly demanding?: TlsDemand } {
  const demanding = ownDemand(rules);
  return demanding ? { demanding } : {};
}

const later: Ruling = { againInSeconds: withoutWaySeconds };

/** One whose certificate is verified meets any demand but that for REQUIRETLS. */
function throughHost(through: SmartHost | undefined, rules: readonly TlsRule[]): Ruling {
  if (!through) return later;
  const left = through.verify
    ? rules.filter(({ requiretls }) => requiretls).map((rule) => ({ ...rule, certificate: 'any' as const }))
    : rules;
  return { through, ...byOwnWay(left) };
}

/** As the recipient's domain publishes, too, unless the sender wants it to arrive whatever that is (RFC 8689 §4.2.2). */
async function byDns(
  about: DeliveryCase,
  departing: Departing,
  recipients: RecipientPolicies,
  rules: readonly TlsRule[],
): Promise<Ruling> {
  const { plugin, message, settings } = about;
  const [domain = ''] = departing.recipientDomains;
  const isAsked = departing.tlsOption !== 'no';
  const recipient = isAsked ? await recipients.find(domain, settings.policy) : { domain };
  const { sts, dane }: RecipientPolicy = recipient;
  if (!sts && !dane && rules.length === 0) return 'deliver';
  if (sts) tellUnavailable({ plugin, message, record: provenOrigin(message) }, sts.found);
  if (!isInstalled(outgoingTls)) return isDemanding(recipient) ? later : 'deliver';
  return { demanding: demandOf(rules, recipient), ...(dane && { mx: dane.mx }) };
}

function departingOf({ todo }: QueuedMessage, verdict: DeliveryVerdict): Departing {
  const { mail_from: sender, rcpt_to: recipients } = todo;
  return {
    origin: verdict.kind === 'pass' ? verdict.record.origin : undefined,
    senderDomain: sender.isNull() ? undefined : sender.host,
    recipientDomains: recipients.map(({ host }) => host),
    tlsOption: tlsOptionIn(todo.notes[recordName]),
  };
}

/** What is kept from leaving although it is proven: it was sent by an account that looked taken over. */
function stoppedBy({ origin, time }: ProvenanceRecord, policy: Policy): Stopped | undefined {
  if (origin.kind !== 'identity') return undefined;
  const suspensions = suspensionsOf(policy);
  if (suspensions.isSuspended(origin.id)) {
    return { reason: 'account-suspended', detail: `${origin.name} is suspended` };
  }
  if (!suspensions.isDropped(origin.id, time)) return undefined;
  return { reason: 'account-dropped', detail: `${origin.name} was let go without what it had sent` };
}

function stop(about: DeliveryCase, verdict: Refused): Ruling | Promise<Ruling> {
  if (verdict.reason !== 'account-dropped') return takeOut(about, verdict);
  recordDelivery(about, verdict, { file: about.message.path });
  return 'taken-out';
}

/** As it was judged when it left; what Haraka has split off meanwhile is looked at only now. */
function provenOrigin(message: QueuedMessage): ProvenanceRecord | undefined {
  const judged = judgements.get(message) ?? judge(message);
  return isUnproven(judged) ? undefined : judged;
}

async function takeOut(about: DeliveryCase, verdict: Refused): Promise<Ruling> {
  const { path } = about.message;
  const folders = heldFolders();
  const { reason, detail } = verdict;
  try {
    const name = await hold(folders, path, { reason, detail, since: new Date().toISOString() });
    // Without a file it is gone already, by another way.
    if (name !== undefined) recordDelivery(about, verdict, { file: join(folders.held, name) });
    return 'taken-out';
  } catch (error) {
    const why = `${detail}; it stays in the queue, since it cannot be put into ${folders.held}: ${messageOf(error)}`;
    const reason = isDiskFull(error) ? 'disk-full' : 'own-fault';
    recordDelivery(about, { kind: 'defer', reason, detail: why }, { file: path });
    return { againInSeconds };
  }
}

function judge(message: QueuedMessage): ProvenanceRecord | Unproven {
  const judged = judgedNow(message);
  judgements.set(message, judged);
  return judged;
}

/** Also what its file says of its authors; throws where that cannot be read now. */
function judgeWhole(message: QueuedMessage): ProvenanceRecord | Unproven {
  const judged = judge(message);
  if (isUnproven(judged) || judged.authors === undefined) return judged;
  return unprovenAuthors(judged, authorsMarkIn(message.path, message.data_start)) ?? judged;
}

/** A file that was changed may hold anything. */
function judgedNow(message: QueuedMessage): ProvenanceRecord | Unproven {
  try {
    return judgeProvenance(message.todo.notes[recordName], outgoing(message));
  } catch (error) {
    return {
      reason: 'unreadable-record',
      detail: `the file is not as Haraka writes it: ${messageOf(error)}`,
    };
  }
}

function outgoing({ todo }: QueuedMessage): Outgoing {
  return { id: todo.uuid, sender: formsOf(todo.mail_from), recipients: todo.rcpt_to.map(formsOf) };
}
