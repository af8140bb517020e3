import { join, resolve } from 'node:path';
import { isDiskFull } from '../core/durable.ts';
import { recordDelivery, type DeliveryCase, type DeliveryVerdict } from '../core/haraka/delivery.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { bouncesKept } from '../core/haraka/patches/bounces-kept.ts';
import { bouncesKnown } from '../core/haraka/patches/bounces-known.ts';
import { deliveryGuard, type Act, type Ruling } from '../core/haraka/patches/delivery-guard.ts';
import { unreadableFiles } from '../core/haraka/patches/unreadable-files.ts';
import { hasSmartHosts, smartHostGuard } from '../core/haraka/patches/smart-host.ts';
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
import { recordName, type ProvenanceRecord } from '../core/provenance/record.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { SmartHostSettings } from '../core/settings/smart-hosts.ts';
import type { SmartHost } from '../core/smart-host/types.ts';
import { formsOf, provenanceCheck as check } from './provenance.ts';
import { decideRoute } from './route.ts';
import { keepTrail } from './trail.ts';
import { holdUnreadable } from './unreadable.ts';

/** A message that could not be put aside stays in the queue for so long. */
const againInSeconds = 15;

/** The same of one that must leave through a smart host and cannot. */
const withoutHostSeconds = 60;

/** What was found at the last try. */
const judgements = new WeakMap<QueuedMessage, ProvenanceRecord | Unproven>();

/** Lets no message leave that this gateway did not accept, and marks what Haraka itself sends. */
export function guardDelivery(plugin: Plugin, find: FindSmartHost): void {
  applyPatch(plugin, bouncesKnown, ({ transaction, of, to }) => {
    const origin = { kind: 'bounce', of: of.todo.uuid } as const;
    const recipients = [to.format().slice(1, -1)];
    keepOwnRecord(transaction, { origin, recipients, revision: currentSettings().revision });
  });
  applyPatch(plugin, bouncesKept);
  applyPatch(plugin, unreadableFiles, (message) => holdUnreadable(plugin, message, heldFolders()));
  // Inside of the guard: what is taken out is not bounced.
  keepTrail(plugin, provenOrigin);
  applyPatch(plugin, smartHostGuard);
  applyPatch(plugin, deliveryGuard, (message, act) => ruleOn(plugin, find, message, act));
}

/** Where mail is held. */
export function heldFolders(): Folders {
  return foldersIn(resolve(harakaDirectory(), currentSettings().policy.data_directory));
}

/** The smart hosts of the settings in force; `undefined` for one that cannot be used now. */
export type FindSmartHost = (name: string) => SmartHost | undefined;

function ruleOn(
  plugin: Plugin,
  find: FindSmartHost,
  message: QueuedMessage,
  act: Act,
): Ruling | Promise<Ruling> {
  const settings = currentSettings();
  const mode = settings.policy.outbound.unproven_mail;
  const about = { check, plugin, message, mode, started: performance.now(), settings };
  const judged = judgeWhole(message);
  if (isUnproven(judged)) {
    const verdict = { kind: 'refuse', ...judged } as const;
    return mode === 'enforce' ? takeOut(about, verdict) : depart(about, verdict, act, find);
  }
  const stopped = stoppedBy(judged, settings.policy);
  if (stopped) return stop({ ...about, mode: 'enforce' }, { kind: 'refuse', ...stopped });
  return depart(about, { kind: 'pass', record: judged }, act, find);
}

/** Never by another way than the smart host that it has to leave through. */
function depart(about: DeliveryCase, verdict: DeliveryVerdict, act: Act, find: FindSmartHost): Ruling {
  const { message, settings } = about;
  const entry = act === 'delivery' ? routeOf(message, verdict, settings.policy) : undefined;
  // That what is proven may be told to its sender is no news.
  if (act === 'delivery' || verdict.kind === 'refuse') {
    recordDelivery(about, verdict, { file: message.path, smartHost: entry?.name });
  }
  if (!entry) return 'deliver';
  const through = hasSmartHosts() ? find(entry.name) : undefined;
  return through ? { through } : { againInSeconds: withoutHostSeconds };
}

function routeOf(
  { todo }: QueuedMessage,
  verdict: DeliveryVerdict,
  policy: Policy,
): SmartHostSettings | undefined {
  const { mail_from: sender, rcpt_to: recipients } = todo;
  return decideRoute(
    {
      origin: verdict.kind === 'pass' ? verdict.record.origin : undefined,
      senderDomain: sender.isNull() ? undefined : sender.host,
      recipientDomains: recipients.map(({ host }) => host),
    },
    policy,
  );
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

function stop(about: DeliveryCase, verdict: DeliveryVerdict & Stopped): Ruling | Promise<Ruling> {
  if (verdict.reason !== 'account-dropped') return takeOut(about, verdict);
  recordDelivery(about, verdict, { file: about.message.path });
  return 'taken-out';
}

/** As it was judged when it left; what Haraka has split off meanwhile is looked at only now. */
function provenOrigin(message: QueuedMessage): ProvenanceRecord | undefined {
  const judged = judgements.get(message) ?? judge(message);
  return isUnproven(judged) ? undefined : judged;
}

async function takeOut(about: DeliveryCase, verdict: DeliveryVerdict & Stopped): Promise<Ruling> {
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
