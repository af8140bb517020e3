import type { Trust } from '../core/certificate/chain.ts';
import { readTrust, trustFiles } from '../core/certificate/trust.ts';
import { Unavailable } from '../core/directory/directory.ts';
import { openDirectories } from '../core/directory/directories.ts';
import { remember, type MemoryOptions } from '../core/directory/remembered.ts';
import { unknownAttributes } from '../core/directory/schema.ts';
import { directorySecretFiles } from '../core/directory/secrets.ts';
import { offeredSource, unusedSources } from '../core/directory/identity-source.ts';
import { directoriesOf, type MemorySettings } from '../core/directory/sources.ts';
import { answerToSession } from '../core/haraka/checks/answer-to-session.ts';
import { defineCheck } from '../core/haraka/checks/check.ts';
import { install } from '../core/haraka/checks/installed.ts';
import { addHook } from '../core/haraka/hook.ts';
import { configDirectory } from '../core/haraka/instance.ts';
import { meetClient } from '../core/haraka/own-certificate.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { start, whenServing, type Part } from '../core/haraka/startup.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { authLines } from '../core/haraka/patches/auth-lines.ts';
import { emptyChallenge } from '../core/haraka/patches/empty-challenge.ts';
import { heldInput } from '../core/haraka/patches/held-input.ts';
import { lineLength } from '../core/haraka/patches/line-length.ts';
import { mailUnauthenticated } from '../core/haraka/patches/mail-unauthenticated.ts';
import { redactLog } from '../core/haraka/patches/redact-log.ts';
import { forgetIdentity, sessionFacts } from '../core/haraka/session.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection, Next, Plugin } from '../core/haraka/types.ts';
import { jsonLine } from '../core/json-line.ts';
import { messageOf } from '../core/message-of.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';
import { Holders } from './certificates/holders.ts';
import { Implicit } from './certificates/implicit.ts';
import { Admission } from './admission.ts';
import { decideRequired } from './decide.ts';
import { attentive, type AttentiveDirectory } from './guessing/attentive.ts';
import { Throttle } from './guessing/throttle.ts';
import { AuthSessions } from './logins.ts';
import { Seats } from './seats.ts';
import { IssuerUnavailable } from './oauth/keys.ts';
import { oauthFiles, TokenOpener } from './oauth/open.ts';
import { Renewals } from './renewal/renewals.ts';
import { noTokens, type Tokens } from './oauth/tokens.ts';

// After tls/required: a client in clear is told to start TLS first.
const required = defineCheck({
  name: 'auth/required',
  stage: 'session',
  after: ['tls/required'],
  decide: decideRequired,
});

/** Before any check that asks what the account may write, and after those that ask whether there is one. */
function lasting(renewals: Renewals) {
  return defineCheck({
    ...{ name: 'auth/account', stage: 'mail', judges: 'authenticated', isQuiet: true },
    before: ['sender/envelope', 'outbound/limits'],
    decide: (facts, policy) => renewals.decide(facts, policy),
  });
}

/** What a login passes through. */
interface Engine {
  readonly throttle: Throttle;
  readonly seats: Seats;
  readonly holders: Holders;
  readonly sessions: AuthSessions;
  readonly renewals: Renewals;
}

export function register(this: Plugin): void {
  const throttle = new Throttle(this);
  const seats = new Seats(this);
  const holders = new Holders();
  const sessions = new AuthSessions(this, throttle, new Admission(seats), holders);
  const renewals = new Renewals(now, staleTeller(this, 'sessions go on'));
  start(this, ofSettings(this, { throttle, seats, holders, sessions, renewals }));
  install(this, [required, lasting(renewals)]);
  const implicit = new Implicit(this, holders, seats);
  implicit.install();
  patchHaraka(this, sessions, implicit);
  registerHooks(this, sessions);
  whenServing(this, () => {
    throttle.open();
    sessions.probe();
  });
}

/** How all of it follows the settings. */
function ofSettings(plugin: Plugin, engine: Engine): Part {
  const { throttle, seats, holders, sessions, renewals } = engine;
  const config = configDirectory();
  const opener = new TokenOpener((message) => plugin.logwarn(message));
  const open = ({ policy }: Settings) => openDirectory(plugin, policy, { throttle, renewals });
  const openTokens = ({ policy: { oauth } }: Settings) => oauth && opener.open(oauth, config);
  const use = (settings: Settings, { directory, tokens, trust }: Opened) => {
    const { policy } = settings;
    throttle.use(policy.data_directory);
    seats.use(policy.data_directory);
    holders.use(directory, trust);
    sessions.use(directory, tokens);
    renewals.use(directory, policy, (chain) => holders.find(chain, currentSettings().policy));
  };
  return {
    problems: ({ policy }) => [...otherProviders(plugin), ...uselessWithout(policy)],
    files: (policy) => [
      ...directoriesOf(policy).flatMap(({ settings }) => directorySecretFiles(settings, config)),
      ...trustFiles(policy.certificates, config),
      ...(policy.oauth ? oauthFiles(policy.oauth, config) : []),
    ],
    prepare: (settings) => {
      const directory = open(settings);
      const tokens = openTokens(settings);
      const trust = readTrust(settings.policy.certificates, 'certificates', config);
      return () => {
        for (const line of unusedSources(settings.policy.identity_sources)) plugin.logwarn(line);
        use(settings, { directory, tokens, trust: () => trust });
      };
    },
    fallback: () => {
      const settings = currentSettings();
      use(settings, {
        directory: openLater(() => open(settings)),
        tokens: openTokensLater(() => openTokens(settings)),
        trust: untilOpen(
          () => readTrust(settings.policy.certificates, 'certificates', config),
          (message, cause) => new Unavailable(message, { cause }),
        ),
      });
    },
  };
}

interface Opened {
  readonly directory: AttentiveDirectory;
  readonly tokens: Tokens | undefined;
  /** Throws `Unavailable` as long as it cannot be read. */
  readonly trust: () => Trust | undefined;
}

function patchHaraka(plugin: Plugin, sessions: AuthSessions, implicit: Implicit): void {
  applyPatch(plugin, lineLength);
  applyPatch(plugin, heldInput);
  applyPatch(plugin, authLines, sessions);
  applyPatch(plugin, emptyChallenge);
  applyPatch(plugin, redactLog);
  // What follows decides at MAIL all the same: only Haraka's own answer, which comes before, is not to be heard.
  applyPatch(plugin, mailUnauthenticated, (client) =>
    implicit.isOpen(client) ? 'known' : answerToSession(client),
  );
}

const now = () => performance.now();

interface Hearers {
  readonly throttle: Throttle;
  readonly renewals: Renewals;
}

function openDirectory(plugin: Plugin, policy: Policy, { throttle, renewals }: Hearers): AttentiveDirectory {
  const directories = openDirectories(policy, {
    config: configDirectory(),
    log: (message) => plugin.logwarn(message),
    before: (directory, settings) => remember(directory, memoryOf(plugin, settings)),
    offered: offeredSource,
  });
  const look = (sequence?: number) => throttle.forgottenSince(sequence);
  const opened = attentive(directories, look, now, (account) => renewals.forget(account));
  const probe = async () => {
    await opened.probe();
    // Of no concern to whoever waits for the answer.
    void tellUnknown(plugin, policy);
  };
  return { ...opened, probe };
}

/** Names in the log what the settings misspell: to the server it is an attribute that no account has. */
async function tellUnknown(plugin: Plugin, policy: Policy): Promise<void> {
  for (const source of directoriesOf(policy)) {
    for (const line of await unknownAttributes(source, configDirectory())) plugin.logwarn(line);
  }
}

function memoryOf(plugin: Plugin, directory: MemorySettings): MemoryOptions {
  const tell = staleTeller(plugin, 'logins are accepted');
  return {
    acceptedMs: directory.cache_seconds * 1000,
    refusedMs: directory.cache_refused_seconds * 1000,
    staleMs: directory.cache_stale_seconds * 1000,
    entries: directory.cache_entries,
    now,
    onStale: ({ name }, problem) => tell(name, problem),
  };
}

/** Says now and then what is still let in while no server answers. */
function staleTeller(plugin: Plugin, what: string): (name: string, problem: Unavailable) => void {
  const complain = oncePerMinute(now);
  return (name, { message }) => {
    complain(() => plugin.logwarn(`${what} as before, ${jsonLine(name)} among them: ${message}`));
  };
}

/** Tries again each time until something can be opened; who waits for it is told to come back later. */
function untilOpen<T>(open: () => T, failure: (message: string, cause: unknown) => Error): () => T {
  let opened: T | undefined;
  return () => {
    try {
      return (opened ??= open());
    } catch (error) {
      throw failure(messageOf(error), error);
    }
  };
}

function openTokensLater(open: () => Tokens | undefined): Tokens {
  const opened = untilOpen(
    () => open() ?? noTokens,
    (message, cause) => new IssuerUnavailable(message, { cause }),
  );
  return { verify: async (token) => opened().verify(token), warmUp: () => Promise.resolve() };
}

function openLater(open: () => AttentiveDirectory): AttentiveDirectory {
  let directory: AttentiveDirectory | undefined;
  const opened = untilOpen(
    () => (directory = open()),
    (message, cause) => new Unavailable(message, { cause }),
  );
  return {
    verify: async (login, password) => opened().verify(login, password),
    find: async (login) => opened().find(login),
    byCertificate: async (names) => opened().byCertificate(names),
    verifier: async (login) => opened().verifier(login),
    probe: async () => opened().probe(),
    close: () => directory?.close(),
    listen: () => directory?.listen(),
  };
}

function registerHooks(plugin: Plugin, sessions: AuthSessions): void {
  // Runs again after PROXY and XCLIENT: the client is another one then, and nothing it proved counts.
  const newClient = (next: Next, connection: Connection) => {
    meetClient(connection);
    forgetIdentity(connection);
    sessions.forget(connection);
    connection.authheader = '';
    next();
  };
  const gone = (next: Next, connection: Connection) => {
    sessions.forget(connection);
    next();
  };
  // RFC 4954 §3: AUTH is listed only where it may be used.
  const offerAuth = (next: Next, connection: Connection) => {
    const { tls, identity } = sessionFacts(connection, settingsFor(connection).policy);
    if (tls && !identity) connection.capabilities?.push(`AUTH ${sessions.mechanisms(connection).join(' ')}`);
    next();
  };
  addHook(plugin, 'connect_init', 'gatekeeper_new_client', newClient, -100);
  addHook(plugin, 'disconnect', 'gatekeeper_session_end', gone, -100);
  addHook(plugin, 'capabilities', 'gatekeeper_offer_auth', offerAuth);
}

/** On a host that only takes mail from other servers nobody has a login. */
function uselessWithout({ roles, certificates }: Policy): readonly string[] {
  if (roles.includes('submission') || certificates.implicit !== 'none') return [];
  return ['config/plugins loads gatekeeper/auth, which only the role submission is for'];
}

/** Another plugin that answers AUTH would offer a way in that we do not see. */
function otherProviders(plugin: Plugin): readonly string[] {
  const { registered_plugins: plugins } = plugin.haraka_require('plugins');
  return Object.entries(plugins)
    .filter(([name, other]) => other?.base?.['auth/auth_base'] !== undefined || /^auth[/-]/.test(name))
    .map(([name]) => `config/plugins also loads ${name}: gatekeeper/auth must be the only AUTH provider`);
}
