import type { z } from 'zod';
import {
  certificateExpiry,
  counted,
  gauges,
  labels,
  type Counted,
  type Label,
} from '../plugins/audit/metrics/table.ts';
import { presetNames, presetOf } from '../plugins/core/directory/presets.ts';
import { eventSchema } from '../plugins/core/events/event.ts';
import { authLines } from '../plugins/core/haraka/patches/auth-lines.ts';
import { bouncesHeaderOnly } from '../plugins/core/haraka/patches/bounces-header-only.ts';
import { bouncesKept } from '../plugins/core/haraka/patches/bounces-kept.ts';
import { bouncesKnown } from '../plugins/core/haraka/patches/bounces-known.ts';
import { endReasons } from '../plugins/audit/session-end.ts';
import { clientSigns } from '../plugins/core/haraka/patches/client-signs.ts';
import { clientSocket } from '../plugins/core/haraka/patches/client-socket.ts';
import { failedHandshakes } from '../plugins/core/haraka/patches/failed-handshakes.ts';
import { deliveryGuard } from '../plugins/core/haraka/patches/delivery-guard.ts';
import { deliveryOutcomes } from '../plugins/core/haraka/patches/delivery-outcomes.ts';
import { emptyChallenge } from '../plugins/core/haraka/patches/empty-challenge.ts';
import { hardenSpfPlugin } from '../plugins/core/haraka/patches/harden-spf-plugin.ts';
import { headerLines } from '../plugins/core/haraka/patches/header-lines.ts';
import { heldInput } from '../plugins/core/haraka/patches/held-input.ts';
import { hookOrder } from '../plugins/core/haraka/patches/hook-order.ts';
import { hostNameKept } from '../plugins/core/haraka/patches/host-name-kept.ts';
import { lineLength } from '../plugins/core/haraka/patches/line-length.ts';
import { mailUnauthenticated } from '../plugins/core/haraka/patches/mail-unauthenticated.ts';
import { neverSkipped } from '../plugins/core/haraka/patches/never-skipped.ts';
import { neverSpooled } from '../plugins/core/haraka/patches/never-spooled.ts';
import { messageSize } from '../plugins/core/haraka/patches/message-size.ts';
import { newTransactions } from '../plugins/core/haraka/patches/new-transactions.ts';
import { proxyOnce } from '../plugins/core/haraka/patches/proxy-once.ts';
import { queueAgain } from '../plugins/core/haraka/patches/queue-again.ts';
import { queueFiles } from '../plugins/core/haraka/patches/queue-files.ts';
import { queueUntimed } from '../plugins/core/haraka/patches/queue-untimed.ts';
import { receivedLine } from '../plugins/core/haraka/patches/received-line.ts';
import { redactLog } from '../plugins/core/haraka/patches/redact-log.ts';
import { resultsOfOthers } from '../plugins/core/haraka/patches/results-of-others.ts';
import { strayOctets } from '../plugins/core/haraka/patches/stray-octets.ts';
import { refusalsStand } from '../plugins/core/haraka/patches/refusals-stand.ts';
import { outgoingTls } from '../plugins/core/haraka/patches/outgoing-tls.ts';
import { smartHostGuard } from '../plugins/core/haraka/patches/smart-host.ts';
import { certificateFiles } from '../plugins/core/haraka/patches/certificate-files.ts';
import { tlsContext } from '../plugins/core/haraka/patches/tls-context.ts';
import { traceFields } from '../plugins/core/haraka/patches/trace-fields.ts';
import { transactionEnd } from '../plugins/core/haraka/patches/transaction-end.ts';
import { unreadableFiles } from '../plugins/core/haraka/patches/unreadable-files.ts';
import { versionOnce } from '../plugins/core/haraka/patches/version-once.ts';
import { replies } from '../plugins/core/replies.ts';

/** Every patch of Haraka, in the order of a session. */
export const patches = [
  ...[clientSocket, clientSigns, failedHandshakes, proxyOnce, certificateFiles, tlsContext],
  ...[authLines, heldInput, lineLength, emptyChallenge, redactLog],
  ...[
    mailUnauthenticated,
    newTransactions,
    neverSkipped,
    headerLines,
    strayOctets,
    messageSize,
    receivedLine,
    traceFields,
    resultsOfOthers,
  ],
  hardenSpfPlugin,
  ...[refusalsStand, transactionEnd, queueFiles, queueUntimed, unreadableFiles],
  ...[deliveryOutcomes, smartHostGuard, outgoingTls, deliveryGuard, bouncesKnown, bouncesKept],
  ...[bouncesHeaderOnly, queueAgain],
  ...[hookOrder, neverSpooled, versionOnce, hostNameKept],
];

/** Tables of the documentation that are made from the source, by the name in their marker. */
const tables: Readonly<Record<string, () => string>> = {
  replies: () =>
    table(
      ['reason', 'reply'],
      Object.entries(replies).map(([reason, { code, status, text }]) => [
        `\`${reason}\``,
        `${code} ${status} ${text}`,
      ]),
    ),
  refusals: () =>
    table(
      ['the client heard', 'reason'],
      Object.entries(replies)
        .map(([reason, { code, status, text }]) => [`${code} ${status} ${text}`, `[${reason}](#${reason})`])
        .sort(([left = ''], [right = '']) => left.localeCompare(right, 'en')),
    ),
  event: () =>
    table(
      ['field', 'what'],
      Object.entries(eventSchema.shape).map(([name, schema]) => [`\`${name}\``, descriptionOf(schema)]),
    ),
  sessions: () =>
    table(
      ['reason', 'what it was'],
      Object.entries(endReasons).map(([reason, what]) => [`\`${reason}\``, what]),
    ),
  presets: () =>
    table(
      ['preset', 'setting', 'is'],
      presetNames.flatMap((name) =>
        Object.entries(presetOf(name)).map(([key, value]) => [
          `\`${name}\``,
          `\`directory.${key}\``,
          value === '' ? 'empty' : `\`${String(value).replaceAll(',', ', ').replaceAll('|', '\\|')}\``,
        ]),
      ),
    ),
  metrics: () =>
    table(
      ['metric', 'type', 'what', 'labels'],
      Object.entries<Counted>(counted).map(([name, { type, help, labels: its }]) => [
        `\`${name}\``,
        ...[type, help],
        Object.entries(its)
          .map(([label, values]) => `\`${label}\`: ${labelText(values)}`)
          .join('; '),
      ]),
    ),
  gauges: () =>
    table(
      ['metric', 'what'],
      [...Object.entries(gauges), [`${certificateExpiry.name}{file}`, certificateExpiry.help] as const].map(
        ([name, help]) => [`\`${name}\``, help],
      ),
    ),
  patches: () =>
    table(
      ['patch', 'reaches', 'why no hook will do', 'without it'],
      patches.map(({ name, reaches, why, fallback }) => [
        `\`${name}\``,
        reaches,
        why,
        fallback ?? 'the start is refused',
      ]),
    ),
};

/** A page of the documentation with its tables as the source has them today. */
export function withTables(page: string): string {
  return page.replace(
    /(<!-- begin (\w+): [^\n]*-->\n)[\s\S]*?(<!-- end \2 -->)/g,
    (_match, begin: string, name: string, end: string) => {
      const make = tables[name];
      if (!make) throw new Error(`no table ${name}`);
      return `${begin}\n${make()}\n\n${end}`;
    },
  );
}

/** All values of a label, where they are few. */
function labelText(label: Label): string {
  const known = labels[label];
  if (!('values' in known) || known.values.length > 7) return known.about;
  return known.values.join(', ');
}

function descriptionOf(schema: z.ZodType): string {
  const optional = schema.safeParse(undefined).success ? ' (not always there)' : '';
  return `${schema.description ?? ''}${optional}`;
}

/** A table of Markdown, padded as the formatter pads it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
