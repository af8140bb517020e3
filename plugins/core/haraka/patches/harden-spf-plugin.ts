import { readFileSync } from 'node:fs';
import type { Dns } from '../../dns/dns.ts';
import { checkHost } from '../../spf/check-host.ts';
import type { SpfOutcome, SpfQuestion } from '../../spf/result.ts';
import { definePatch, expect, replaceMethod, type Product } from '../patch.ts';
import { spfPluginName, spfPluginResults } from '../spf-plugin.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Connection, Next, Plugin } from '../types.ts';

/** One evaluation of haraka-plugin-spf: what it is asked, and what others read of it. */
interface Spf {
  helo: string;
  /** For one answer of the DNS; 0 for no limit. */
  readonly dns_timeout_ms: number;
  ip: string;
  domain: string;
  mail_from: string;
  spf_record: string;
  count: number;
  void_count: number;
  result(code: number): string;
  check_host(ip: string, domain: string, mailFrom: string | null): Promise<number>;
}

interface SpfPlugin {
  readonly plugin_path: string;
  readonly SPF: (new () => Spf) & { readonly prototype: Spf };
  helo_spf(next: Next, connection: Connection, helo: string): unknown;
  hook_mail(next: Next, connection: Connection, params: readonly unknown[]): unknown;
}

type Question = Parameters<Spf['check_host']>;

/** Those that the self-test has had asked. */
let asked: Question[] | undefined;

/** What the plugin gives a lookup and more; it answers by itself a second later. */
const longestMs = 20_000;

/**
 * Lets our engine do the work of haraka-plugin-spf, which keeps its hooks, settings and results. It is asked for by the
 * operator who knows that one address stops that plugin, and Haraka with it: where it cannot be done, leaving the
 * plugin as it is would let that happen.
 */
export const hardenSpfPlugin = definePatch({
  name: 'harden-spf-plugin',
  reaches: '`check_host` of the class `SPF` of haraka-plugin-spf',
  why: 'The plugin makes its own `SPF` objects, and expands the macros of strangers without end.',
  product,
  install: (plugin, dns: () => Dns, isWanted: () => boolean) =>
    replaceMethod(
      spfPlugin(plugin).SPF.prototype,
      'check_host',
      (original) =>
        function (this: Spf, ...question: Question) {
          if (asked) {
            asked.push(question);
            return Promise.resolve(spfPluginResults.none.code);
          }
          return isWanted() ? check(this, dns, question) : original.apply(this, question);
        },
    ),
  selfTest(plugin) {
    const { SPF } = spfPlugin(plugin);
    const spf = new SPF();
    for (const { code, word } of Object.values(spfPluginResults)) {
      expect(`result ${code} to be ${word}`, spf.result(code) === word);
    }
    const questions = questionsOf(plugin);
    expect('HELO to be checked', String(questions[0]) === `${probe.ip},${probe.name},`);
    expect('MAIL FROM to be checked', String(questions[1]) === `${probe.ip},${probe.name},x@${probe.name}`);
  },
});

async function check(spf: Spf, dns: () => Dns, [ip, domain, mailFrom]: Question): Promise<number> {
  const local = mailFrom === null ? 'postmaster' : mailFrom.slice(0, Math.max(mailFrom.lastIndexOf('@'), 0));
  Object.assign(spf, { ip, domain: domain.toLowerCase(), mail_from: mailFrom ?? `postmaster@${domain}` });
  // Where HELO is checked, the plugin does not say what it was.
  const helo = mailFrom === null ? domain : spf.helo;
  const limits = { timeout: Math.min(spf.dns_timeout_ms || longestMs, longestMs) };
  const outcome = await checkHost(
    { ip, helo, sender: `${local}@${domain}` } satisfies SpfQuestion,
    dns(),
    limits,
  );
  tell(spf, outcome);
  return spfPluginResults[outcome.result].code;
}

function tell(spf: Spf, { record, trace, lookups }: SpfOutcome): void {
  spf.spf_record = (record ?? trace.record ?? '').toLowerCase();
  spf.count = lookups.terms;
  spf.void_count = lookups.voids;
}

/** RFC 3849 */
const probe = { ip: '2001:db8::25', name: 'probe.example' } as const;

/** What the plugin asks of its class for a client that is not there. */
function questionsOf(plugin: Plugin): readonly Question[] {
  const { connection } = throwAwayConnection(plugin);
  const nothing = () => undefined;
  Object.assign(connection.remote, { ip: probe.ip });
  asked = [];
  try {
    const spf = spfPlugin(plugin);
    const begin = (run: unknown) => void Promise.resolve(run).catch(nothing);
    begin(spf.helo_spf(nothing, connection, probe.name));
    connection.init_transaction(nothing);
    const sender = { address: `x@${probe.name}`, host: probe.name };
    begin(spf.hook_mail(nothing, connection, [sender]));
    return asked;
  } finally {
    asked = undefined;
  }
}

function spfPlugin(plugin: Plugin): SpfPlugin {
  const { registered_plugins: plugins } = plugin.haraka_require('plugins');
  const found = plugins[spfPluginName] as Partial<SpfPlugin> | undefined;
  expect('a class SPF', typeof found?.SPF === 'function');
  return found as SpfPlugin;
}

function product(plugin: Plugin): Product {
  const found = plugin.haraka_require('plugins').registered_plugins[spfPluginName] as Partial<SpfPlugin>;
  return {
    name: 'haraka-plugin-spf',
    version: versionAt(found.plugin_path),
    tested: { from: '1.3.0', to: '1.3.0' },
  };
}

function versionAt(manifest = ''): string {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  } catch {
    return 'of an unknown version';
  }
}
