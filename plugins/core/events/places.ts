import { join, resolve } from 'node:path';
import type { Policy } from '../settings/settings.ts';
import { openLineEvents, type LineOptions } from './lines.ts';
import { openPostgresqlEvents, type PostgresqlOptions } from './postgresql.ts';
import { openSqliteEvents, type SqliteOptions } from './sqlite.ts';
import { EventsUnavailable, type EventStore } from './store.ts';

/** Where events are kept, in a form that a thread can be told. */
export type StorePlace =
  | ({ readonly kind: 'sqlite' } & SqliteOptions)
  | ({ readonly kind: 'file' } & LineOptions)
  | ({ readonly kind: 'postgresql' } & PostgresqlOptions)
  /** None can be used: what is not there yet cannot be made. */
  | { readonly kind: 'none'; readonly because: string };

/** Where the settings of a Haraka keep events; files of secrets are in its folder `config`, and read when it is opened. */
export function placeOf(
  { audit, data_directory: data }: Policy,
  harakaDirectory: string,
  key: string,
): StorePlace {
  const { store, file, max_bytes: maxBytes, keep, postgresql } = audit;
  if (store === 'file') return { kind: 'file', file: resolve(harakaDirectory, file), maxBytes, keep, key };
  if (store === 'sqlite')
    return { kind: 'sqlite', file: join(resolve(harakaDirectory, data), 'events.db'), key };
  if (!postgresql) throw new Error('audit.postgresql is missing');
  const { host, port, database, user, password_file: password, tls, ca_file: ca } = postgresql;
  const inConfig = (name: string | undefined) => name && resolve(harakaDirectory, 'config', name);
  const secrets = { passwordFile: inConfig(password), caFile: inConfig(ca), tls: tls === 'verify' };
  return { kind: 'postgresql', host, port, database, user, ...secrets, key };
}

/** The files that are read whenever a store is opened. */
export function storeFiles({ audit: { store, postgresql } }: Policy, config: string): readonly string[] {
  if (store !== 'postgresql' || !postgresql) return [];
  const files = [postgresql.password_file, postgresql.ca_file];
  return files.flatMap((file) => (file === undefined ? [] : [resolve(config, file)]));
}

/** Opens a store; throws `EventsUnavailable`. */
export function openPlace(place: StorePlace): EventStore {
  switch (place.kind) {
    case 'sqlite':
      return openSqliteEvents(place);
    case 'file':
      return openLineEvents(place);
    case 'postgresql':
      return openPostgresqlEvents(place);
    case 'none':
      throw new EventsUnavailable(place.because);
  }
}
