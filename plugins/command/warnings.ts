import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { daysLeft, expiring, type Expiring } from '../core/expiry.ts';
import type { Policy } from '../core/settings/settings.ts';
import { countUnrecorded } from '../core/trail/waiting.ts';
import { listed } from './import/plugins-file.ts';

/** Soon enough to ask the owner. */
const warnDaysBefore = 30;

/** What does not keep the gateway from starting, but should be looked at; for settings and plugins that start. */
export function warningsOf(dir: string, policy: Policy, now: Date): readonly string[] {
  return [
    ...expiring(policy).flatMap((entry) => ofEntry(entry, now)),
    ...ofSpfPlugin(dir, policy),
    ...ofForwarders(dir, policy),
    ...ofTlsReports(dir, policy),
    ...ofMissingAudit(dir),
  ];
}

function ofEntry(entry: Expiring, now: Date): string[] {
  const { what, name, owner, expires } = entry;
  const left = daysLeft(entry, now);
  if (left > warnDaysBefore) return [];
  if (left < 0) return [`${what} ${name} expired on ${expires} and no longer counts; ask ${owner}`];
  const when = left === 0 ? 'today' : `in ${left} ${left === 1 ? 'day' : 'days'}`;
  return [`${what} ${name} expires on ${expires}, ${when}; ask ${owner}`];
}

/** haraka-plugin-spf 1.3 expands macros within what macros expanded to, for ever. */
function ofSpfPlugin(dir: string, { spf }: Policy): string[] {
  // A file of the operator's own goes before a package of the same name.
  if (spf.harden_spf_plugin || existsSync(join(dir, 'plugins/spf.js'))) return [];
  return pluginLines(dir)
    .filter(({ name }) => name === 'spf')
    .map(
      ({ line }) =>
        `config/plugins:${line}: haraka-plugin-spf: one address stops it: MAIL FROM:<a%{l}@...> against a record with ` +
        'exists:%{l}; set spf.harden_spf_plugin: true, or take the line out',
    );
}

/** Without the plugin no signature is known to be good. */
function ofForwarders(dir: string, { mail_servers, registered_networks }: Policy): string[] {
  if (loadsDkim(dir)) return [];
  return [...mail_servers, ...registered_networks]
    .filter(({ forward_foreign }) => forward_foreign !== 'off')
    .map(
      ({ name, forward_foreign }) =>
        `${name} has forward_foreign: ${forward_foreign}, but config/plugins does not load dkim: what it forwards with a ` +
        'foreign envelope cannot be proven',
    );
}

/** RFC 8460 §3: receivers ignore a report that is not signed. */
function ofTlsReports(dir: string, { outbound }: Policy): string[] {
  if (!outbound.tls_reports || loadsDkim(dir)) return [];
  return [
    'outbound.tls_reports: config/plugins does not load dkim: reports that no other plugin signs at pre_send_trans_email ' +
      'are thrown away by those who get them',
  ];
}

/** In a longer queue, what lies behind is not looked at. */
const mostQueued = 1000;

/** Mail that was there before our plugins were. */
export async function queueWarnings(dir: string, { outbound }: Policy): Promise<readonly string[]> {
  if (outbound.unproven_mail !== 'enforce') return [];
  const count = await countUnrecorded(dir, mostQueued);
  if (count === 0) return [];
  const [messages, have] = count === 1 ? ['message', 'has'] : ['messages', 'have'];
  return [
    `${count} ${messages} in the queue ${have} no record of ours, and would be held; let the queue run empty before, or set ` +
      'outbound.unproven_mail: observe until it has',
  ];
}

/** All other plugins of ours are needed by a role, or by the settings. */
function ofMissingAudit(dir: string): string[] {
  if (pluginLines(dir).some(({ name }) => name === 'gatekeeper/audit')) return [];
  return [
    'config/plugins does not load gatekeeper/audit: no event is kept, and trace, events and report show nothing',
  ];
}

function loadsDkim(dir: string): boolean {
  return pluginLines(dir).some(({ name }) => name === 'dkim');
}

function pluginLines(dir: string) {
  return listed(readFileSync(join(dir, 'config/plugins'), 'utf8'));
}
