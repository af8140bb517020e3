import { Duplex } from 'node:stream';
import constants from 'haraka-constants';
import type { ClientSocket, Connection, Next, Plugin } from './types.ts';

/** Objects of Haraka's own that serve nobody: the self-tests of the patches are made on them. */

const levels = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'protocol'] as const;

/** A connection of a client that is not there, ready for a command: for it no hooks have run, and it logs nothing. */
export function throwAwayConnection(plugin: Plugin): { connection: Connection; said: number[] } {
  const nothing = () => undefined;
  // Without an address Haraka takes the client for gone, and runs no hooks.
  const client = { destroy: nothing, pause: nothing, resume: nothing };
  const connection = plugin.haraka_require('connection').createConnection(client, {});
  const said: number[] = [];
  Object.assign(connection, silence(), {
    state: constants.connection.state.CMD,
    respond: (code: number, _message: unknown, done?: () => void) => {
      said.push(code);
      done?.();
    },
    disconnect: nothing,
  });
  return { connection, said };
}

/** The socket of a client that has gone through STARTTLS as far as one does who never says a word. */
export function throwAwayTls(plugin: Plugin, localPort: number): ClientSocket | undefined {
  let client: (ClientSocket & { upgrade(done: () => void): void }) | undefined;
  const server = plugin.haraka_require('tls_socket').createServer((socket) => {
    client = socket;
  });
  const wire = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  server.emit('connection', Object.assign(wire, { localPort }));
  client?.upgrade(() => undefined);
  wire.destroy();
  client?.cleartext?.destroy();
  return client;
}

/** A hook of a throw-away plugin, or of a real one by whose name it goes. */
export interface ThrowAwayHook {
  readonly of: Pick<Plugin, 'name' | 'timeout'>;
  readonly run: (next: Next, object: object, params: readonly unknown[]) => void;
}

/** A hook that was registered in earnest, by the name of its method; throws when Haraka has none. */
export function installedHook(plugin: Plugin, kind: string, method: string): ThrowAwayHook {
  const { registered_hooks: registered, registered_plugins: plugins } = plugin.haraka_require('plugins');
  const entry = registered[kind]?.find((each) => each.method === method);
  const of = plugins[entry?.plugin ?? ''] as (Plugin & Record<string, ThrowAwayHook['run']>) | undefined;
  const run = of?.[method];
  if (!run) throw new Error(`expected a hook ${kind} that was registered to be known`);
  return { of, run };
}

/** Has Haraka run these hooks alone, of each kind that is named, while `work` runs; all is as before then. */
export function withHooks(
  plugin: Plugin,
  hooks: Readonly<Record<string, readonly ThrowAwayHook[]>>,
  work: () => void,
): void {
  const { registered_hooks: registered, registered_plugins: plugins } = plugin.haraka_require('plugins');
  const before = { registered: { ...registered }, plugins: { ...plugins } };
  const used = Object.values(hooks).flat();
  for (const [kind, list] of Object.entries(hooks)) {
    registered[kind] = list.map((hook) => ({
      plugin: hook.of.name,
      method: `run${used.indexOf(hook)}`,
      priority: 0,
    }));
  }
  for (const { of } of used) plugins[of.name] = Object.create(of) as object;
  used.forEach((hook, index) => Object.assign(plugins[hook.of.name] ?? {}, { [`run${index}`]: hook.run }));
  try {
    work();
  } finally {
    restore(registered, before.registered);
    restore(plugins, before.plugins);
  }
}

/** The answer of a hook chain to whoever started it; `undefined` while it has not come. */
export function answerOf(
  plugin: Plugin,
  hooks: Readonly<Record<string, readonly ThrowAwayHook[]>> & { readonly probe: readonly ThrowAwayHook[] },
  object: object = {},
): number | undefined {
  let answer: number | undefined;
  const asking = Object.assign(Object.create(object) as object, silence(), {
    probe_respond: (code: number) => {
      answer = code;
    },
  });
  withHooks(plugin, hooks, () => {
    plugin.haraka_require('plugins').run_hooks('probe', asking);
  });
  return answer;
}

/** A plugin of somebody else's. */
export const stranger = { name: 'gatekeeper-throw-away', timeout: 0 } as const;

function silence(): Record<string, () => void> {
  return Object.fromEntries(levels.map((level) => [`log${level}`, () => undefined]));
}

function restore<T>(record: Record<string, T>, before: Readonly<Record<string, T>>): void {
  for (const key of Object.keys(record)) if (!(key in before)) Reflect.deleteProperty(record, key);
  Object.assign(record, before);
}
