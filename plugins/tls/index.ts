import { defineCheck, install } from '../core/haraka/check.ts';
import { addHook } from '../core/haraka/hook.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { orRefuse, start, whenServing, type Part } from '../core/haraka/startup.ts';
import { applyPatch, isInstalled } from '../core/haraka/patch.ts';
import {
  askForCertificate,
  askFromTheStart,
  defaultKeyPairs,
  loadTlsIni,
  prepareHandshakePolicy,
  refuseTlsIni,
  replaceTlsIni,
  tlsContext,
  tlsIni,
} from '../core/haraka/patches/tls-context.ts';
import { certificateFiles, hostPairProblems } from '../core/haraka/patches/certificate-files.ts';
import { judge } from '../core/haraka/outcome.ts';
import { sessionFacts } from '../core/haraka/session.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import { answerHook } from '../core/haraka/answer.ts';
import type { Connection, Next, Plugin } from '../core/haraka/types.ts';
import { refuse } from '../core/verdict.ts';
import { isTlsRequired, roleOfPort } from '../core/roles.ts';
import type { Policy } from '../core/settings/settings.ts';
import { decideTls } from './decide.ts';
import { isCertificateWanted } from './wanted.ts';
import { keyPairProblems } from './key-pairs.ts';
import { followRenewals } from './renewal.ts';
import { tlsIniProblems, withoutUnwanted } from './tls-ini.ts';
import { Tickets } from './tickets.ts';
import { tellOfValidity } from './validity.ts';

const required = defineCheck({ name: 'tls/required', stage: 'session', decide: decideTls });

export function register(this: Plugin): void {
  const tickets = new Tickets(this);
  refuseTlsIni((ini) => tlsIniProblems(ini, currentSettings().policy));
  start(this, tickets.part, tlsIniPart(this), {
    problems: () => missingTls(this),
    prepare: ({ policy }) => {
      const { min_version: minVersion, ciphers } = policy.tls;
      if (!isInstalled(tlsContext)) return () => undefined;
      const enforce = prepareHandshakePolicy(this, { minVersion, ciphers });
      return () => {
        enforce();
        askOnListeners(this, policy);
      };
    },
  });
  applyPatch(this, certificateFiles);
  applyPatch(this, tlsContext);
  orRefuse(this, () => checkKeys(this));
  install(this, [required]);
  makeTicketKeys(this, tickets);
  tellOfValidity(this);
  refuseSecondStartTls(this);
  askForCertificates(this);
  whenServing(this, () => {
    tickets.begin();
    followRenewals(this);
    askOnListeners(this, currentSettings().policy);
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

/** Where TLS comes first, all clients of a port are asked, or none. */
function askOnListeners(plugin: Plugin, policy: Policy): void {
  if (!isInstalled(tlsContext)) return;
  askFromTheStart(plugin, (port) => isCertificateWanted({ role: roleOfPort(port, policy) }, policy));
}

function askForCertificates(plugin: Plugin): void {
  const ask = (next: Next, connection: Connection, [command]: readonly unknown[]) => {
    const { policy } = settingsFor(connection);
    if (/^STARTTLS$/i.test(String(command)) && isInstalled(tlsContext)) {
      const { listener } = sessionFacts(connection, policy);
      askForCertificate(plugin, connection.client, isCertificateWanted(listener, policy));
    }
    next();
  };
  addHook(plugin, 'unrecognized_command', 'gatekeeper_ask_certificate', ask, -90);
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
  const problems = [...keyPairProblems(defaultKeyPairs(plugin)), ...hostPairProblems(plugin)];
  if (problems.length > 0) throw new Error(problems.join('; '));
  if (failure !== undefined) throw new Error(`tls.ini: ${failure.message}`);
}

function missingTls(plugin: Plugin): readonly string[] {
  const { registered_plugins: plugins } = plugin.haraka_require('plugins');
  if (plugins['tls']) return [];
  return ["Haraka's own plugin 'tls' is not in config/plugins: without it no client can start TLS"];
}
