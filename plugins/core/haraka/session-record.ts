import type { Clearance } from './transaction.ts';
import type { Connection } from './types.ts';

/** What the gateway keeps of a session, as long as its client is the same. */
export interface SessionRecord {
  /** Of checks at `connect`, by name. */
  readonly clearances: Map<string, Clearance>;
  /** Whom Haraka took the client for: PROXY and XCLIENT change it. */
  readonly uuid: string;
  readonly ip: string;
  readonly port: number | null;
}

const records = new WeakMap<Connection, SessionRecord>();

/** The record of a session; a fresh one where the client is another. */
export function sessionRecord(connection: Connection): SessionRecord {
  const known = records.get(connection);
  const { uuid, remote } = connection;
  if (known?.uuid === uuid && known.ip === remote.ip && known.port === remote.port) return known;
  const record = { clearances: new Map<string, Clearance>(), uuid, ip: remote.ip, port: remote.port };
  records.set(connection, record);
  return record;
}
