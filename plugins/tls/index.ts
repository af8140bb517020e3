import { defineCheck } from '../core/haraka/checks/check.ts';
import { install } from '../core/haraka/checks/installed.ts';
import { addHook } from '../core/haraka/hook.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { orRefuse, start, whenServing, type Part } from '../core/haraka/startup.ts';
import { applyPatch, isInstalled } from '../core/haraka/patch.ts';
import {
  defaultKeyPairs,
  holdImplicitListeners,
  implicitPort,
  loadTlsIni,
  prepareHandshakes,
  prepareStartTls,
  refuseTlsIni,
  replaceTlsIni,
  tlsContext,
  tlsIni,
} from '../core/haraka/patches/tls-context.ts';
import {
  certificateFiles,
  hostPairProblems,
  keyFiles,
  readFaults,
} from '../core/haraka/patches/certificate-files.ts';
import { judge } from '../core/haraka/outcome.ts';
import { sessionFacts } from '../core/haraka/session.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import { answerHook } from '../core/haraka/answer.ts';
import type { Connection, Next, Plugin } from '../core/haraka/types.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import { refuse } from '../core/verdict.ts';
import { isTlsRequired, roleOfPort } from '../core/roles.ts';
import type { Policy } from '../core/settings/settings.ts';
import { lapsedExceptions } from '../core/criteria/criteria.ts';
import { configDirectory } from '../core/haraka/instance.ts';
import { ClientCertificates, criteriaFiles } from './certificates.ts';
import { decideAuthors, decideDomains, decideTls, type Judge } from './decide.ts';
import { authorDomains, senderDomains } from './domains.ts';
import { handshakesUnder, unseenExceptions } from './handshakes.ts';
import { keyPairProblems } from './key-pairs.ts';
import { followRenewals } from './renewal.ts';
import { tlsIniProblems, withoutUnwanted } from './tls-ini.ts';
import { Tickets } from './tickets.ts';
import { tellOfValidity } from './validity.ts';

const certificates = new ClientCertificates();

function judgeNow(): Judge {
  return { now: new Date(), lackOf: (...asked) => certificates.lackOf(...asked) };
}

const checks = [
  defineCheck({
    name: 'tls/required',
    stage: 'session',
    decide: (facts, policy) => decideTls(facts, policy, judgeNow()),
  }),
  defineCheck({
    name: 'tls/sender_domain',
    stage: 'mail',
    isQuiet: true,
    after: ['auth/account', 'outbound/requiretls'],
    // It does not ask the DNS, as these do.
    before: ['sender/provider', 'sender/envelope', 'sender/impersonation', 'sender/spf'],
    decide: (facts, policy) => decideDomains(senderDomains(facts.sender, policy), facts, policy, judgeNow()),
  }),
  defineCheck({
    name: 'tls/author_domain',
    stage: 'message',
    isQuiet: true,
    decide: (facts, policy) => decideAuthors(authorDomains(facts, policy), facts, policy, judgeNow()),
  }),
] as const;

export function register(this: Plugin): void {
  const tickets = new Tickets(this);
  refuseTlsIni((ini) => tlsIniProblems(ini, currentSettings().policy));
  start(this, tickets.part, tlsIniPart(this), {
    problems: ({ policy }) => [...missingTls(this), ...unseenExceptions(policy, implicitPort(this))],
    files: (policy) => criteriaFiles(policy, configDirectory()),
    rereads: () => keyFiles(this),
    prepare: ({ policy }) => {
      const trust = certificates.prepare(policy, configDirectory());
      if (!isInstalled(tlsContext)) return trust;
      const handshake = prepareHandshakes(
        this,
        handshakesUnder(policy, () => new Date()),
      );
      return () => {
        trust();
        handshake();
      };
    },
  });
  applyPatch(this, certificateFiles);
  applyPatch(this, tlsContext);
  orRefuse(this, () => checkKeys(this));
  install(this, checks);
  makeTicketKeys(this, tickets);
  tellOfValidity(this);
  refuseSecondStartTls(this);
  prepareUpgrades(this);
  whenServing(this, () => {
    tickets.begin();
    followRenewals(this);
    followDays(this);
    for (const line of listenerLines(this, currentSettings().policy)) this.lognotice(line);
  });
}

/** Before it forks workers; a process without them does it when it serves. */
function makeTicketKeys(plugin: Plugin, tickets: Tickets): void {
  const make = (next: Next) => {
    if (plugin.haraka_require('server').cluster) tickets.makeForWorkers();
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_ticket_keys', make);
}

/** What each listener is for: most questions of a first day are about that. */
function listenerLines(plugin: Plugin, policy: Policy): readonly string[] {
  return plugin.haraka_require('server').listeners.flatMap((listener) => {
    const address = listener.address();
    if (address === null || typeof address === 'string') return [];
    const role = roleOfPort(address.port, policy);
    const tls = listener.has_tls
      ? 'TLS from the start'
      : `TLS ${isTlsRequired(role, policy) ? 'required' : 'opportunistic'}`;
    return [`port ${address.port}: ${role}, ${tls}`];
  });
}

/** RFC 3207 §4.2: STARTTLS inside TLS is out of sequence; Haraka would begin another handshake. */
function refuseSecondStartTls(plugin: Plugin): void {
  const check = { name: 'tls/starttls' } as const;
  const guard = (next: Next, connection: Connection, [command]: readonly unknown[]) => {
    const settings = settingsFor(connection);
    const { tls } = sessionFacts(connection, settings.policy);
    if (!/^STARTTLS$/i.test(String(command)) || !tls) {
      next();
      return;
    }
    const started = performance.now();
    const { refusal } = judge({
      check,
      plugin,
      connection,
      verdict: refuse('tls-in-use'),
      started,
      settings,
    });
    if (refusal) answerHook(next, refusal);
    else next();
  };
  addHook(plugin, 'unrecognized_command', 'gatekeeper_starttls', guard, -100);
}

/** What a handshake may end with, and whether a certificate is asked for, depends on who begins it. */
function prepareUpgrades(plugin: Plugin): void {
  const isLogged = oncePerMinute(() => performance.now());
  const prepareUpgrade = (next: Next, connection: Connection, [command]: readonly unknown[]) => {
    if (/^STARTTLS$/i.test(String(command)) && isInstalled(tlsContext)) {
      const { policy } = settingsFor(connection);
      const { client, listener } = sessionFacts(connection, policy);
      const [lapsed] = lapsedExceptions({ port: listener.port, address: client.address }, policy, new Date());
      // A client that needs it fails in the handshake, and then nothing says why.
      if (lapsed !== undefined) isLogged(() => connection.logwarn(plugin, `${client.address}: ${lapsed}`));
      prepareStartTls(plugin, connection.client, listener.port, client.address);
    }
    next();
  };
  addHook(plugin, 'unrecognized_command', 'gatekeeper_upgrade', prepareUpgrade, -90);
}

const hourMs = 3600 * 1000;

/** Days end while a listener stands. */
function followDays(plugin: Plugin): void {
  setInterval(() => holdImplicitListeners(plugin), hourMs).unref();
}

/** A worker may have to begin with a file that was refused while its primary ran: with what is left of it without the mistakes. */
function tlsIniPart(plugin: Plugin): Part {
  return {
    prepare: ({ policy }) => {
      const problems = tlsIniProblems(tlsIni(plugin) ?? {}, policy);
      if (problems.length > 0) throw new Error(problems.join('\n'));
      return () => undefined;
    },
    fallback: () => {
      replaceTlsIni(plugin, withoutUnwanted(tlsIni(plugin) ?? {}));
    },
  };
}

/** Before Haraka's own plugin reads the same files: it ends the process with a stack trace and no name of a file. */
function checkKeys(plugin: Plugin): void {
  // Else that is what stops the start.
  if (!isInstalled(tlsContext)) return;
  let failure: Error | undefined;
  try {
    loadTlsIni(plugin);
  } catch (error) {
    failure = error as Error;
  }
  const problems = [
    ...keyPairProblems(defaultKeyPairs(plugin), readFaults(plugin)),
    ...hostPairProblems(plugin),
  ];
  if (problems.length > 0) throw new Error(problems.join('; '));
  if (failure !== undefined) throw new Error(`tls.ini: ${failure.message}`);
}

function missingTls(plugin: Plugin): readonly string[] {
  const { registered_plugins: plugins } = plugin.haraka_require('plugins');
  if (plugins['tls']) return [];
  return ["Haraka's own plugin 'tls' is not in config/plugins: without it no client can start TLS"];
}
