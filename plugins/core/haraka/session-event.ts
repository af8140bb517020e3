import { randomUUID } from 'node:crypto';
import { publish, type EventDraft } from '../events/event.ts';
import { peerAt } from '../peers.ts';
import { roleOfPort } from '../roles.ts';
import type { Settings } from '../settings/settings.ts';
import { addParties, node } from './outcome.ts';
import type { FailedHandshake } from './patches/failed-handshakes.ts';
import { recording } from './recording.ts';
import type { Connection, Plugin } from './types.ts';

/** What a session came to. */
export interface SessionTold {
  readonly reason?: string;
  readonly detail?: string;
}

const check = 'audit/connection';

/** Publishes the event of a session that is over. Never throws. */
export function recordSession(
  plugin: Plugin,
  connection: Connection,
  settings: Settings,
  told: SessionTold,
): void {
  tell(plugin, () => {
    const event: Partial<EventDraft> = basicFields(connection.uuid, settings, told);
    event.connection = connection.uuid;
    addParties(event, { connection, settings });
    const tls = event.tls ?? tlsOf(connection);
    // A socket has some before the handshake has come to its end.
    if (connection.tls.enabled && tls !== undefined) event.tls = tls;
    else delete event.tls;
    event.session_seconds = Math.round(Date.now() - connection.start_time) / 1000;
    return event as EventDraft;
  });
}

/** The same of a connection that has never become a session. */
export function recordNoSession(
  plugin: Plugin,
  { client, port }: FailedHandshake,
  settings: Settings,
  told: SessionTold,
): void {
  tell(plugin, () => {
    const { policy } = settings;
    const peer = client === undefined ? undefined : peerAt(client, policy);
    return {
      ...basicFields(randomUUID().toUpperCase(), settings, told),
      ...(client !== undefined && { client }),
      ...(peer && { peer: peer.name }),
      ...{ port, role: roleOfPort(port, policy) },
    };
  });
}

function basicFields(id: string, { revision }: Settings, { reason, detail }: SessionTold): EventDraft {
  return {
    ...{ v: 1, time: new Date().toISOString(), node, reference: `${id} ${check}`, check },
    ...{ verdict: 'pass', mode: 'enforce' },
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
    ...{ revision, latency_ms: 0 },
  };
}

/** As Haraka noted it after STARTTLS: a socket that is closed does not tell. */
function tlsOf({ tls }: Connection): string | undefined {
  const { version, name } = tls.cipher;
  return version !== undefined && name !== undefined ? `${version} ${name}` : undefined;
}

function tell(plugin: Plugin, make: () => EventDraft): void {
  recording(plugin, (complain) => {
    publish(make(), complain);
  });
}
