import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { daysLeft, type Partner } from '../core/partners.ts';
import { readSettings } from '../core/settings/file.ts';
import type { Policy } from '../core/settings/settings.ts';
import { listed } from './import/plugins-file.ts';

/** Soon enough to ask the owner. */
const warnDaysBefore = 30;

/** What does not keep the gateway from starting, but should be looked at; for settings and plugins that start. */
export function warningsOf(dir: string, now: Date): readonly string[] {
  const { policy } = readSettings(join(dir, 'config')).settings;
  return [...policy.partners.flatMap((partner) => ofPartner(partner, now)), ...ofSpfPlugin(dir, policy)];
}

function ofPartner(partner: Partner, now: Date): string[] {
  const { name, owner, expires } = partner;
  const left = daysLeft(partner, now);
  if (left > warnDaysBefore) return [];
  if (left < 0) return [`partner ${name} expired on ${expires} and no longer counts; ask ${owner}`];
  const when = left === 0 ? 'today' : `in ${left} ${left === 1 ? 'day' : 'days'}`;
  return [`partner ${name} expires on ${expires}, ${when}; ask ${owner}`];
}

/** haraka-plugin-spf 1.3 expands macros within what macros expanded to, for ever. */
function ofSpfPlugin(dir: string, { spf }: Policy): string[] {
  // A file of the operator's own goes before a package of the same name.
  if (spf.harden_spf_plugin || existsSync(join(dir, 'plugins/spf.js'))) return [];
  const lines = listed(readFileSync(join(dir, 'config/plugins'), 'utf8'));
  return lines
    .filter(({ name }) => name === 'spf')
    .map(
      ({ line }) =>
        `config/plugins:${line}: haraka-plugin-spf: one address stops it: MAIL FROM:<a%{l}@...> against a record with ` +
        'exists:%{l}; set spf.harden_spf_plugin: true, or take the line out',
    );
}
