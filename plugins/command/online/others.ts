import { join, resolve } from 'node:path';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readAuthorities } from '../../core/authorities.ts';
import { within } from '../../core/deadline.ts';
import { readEventsKey } from '../../core/events/key.ts';
import { placeOf } from '../../core/events/places.ts';
import { probeMs, probePostgresqlEvents } from '../../core/events/postgresql-probe.ts';
import { messageOf } from '../../core/message-of.ts';
import { downloadKeySet, keySetPlace, readKeySet } from '../../core/oauth/key-set.ts';
import type { OauthSettings } from '../../core/settings/oauth.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { shownUrl, type WebhookSettings } from '../../core/settings/webhook.ts';
import type { Question } from './question.ts';

/** The issuer of tokens, where its keys are fetched. */
export function issuerQuestions({ oauth }: Policy, config: string): readonly Question[] {
  if (oauth?.jwks_url === undefined) return [];
  const milliseconds = oauth.timeout_seconds * 1000;
  return [{ what: 'oauth', name: oauth.jwks_url, milliseconds, ask: () => countKeys(oauth, config) }];
}

async function countKeys(settings: OauthSettings, config: string): Promise<string> {
  const { keys } = readKeySet(await downloadKeySet(keySetPlace(settings, config)));
  if (keys.length === 0) throw new Error('there is no public key in it');
  return keys.length === 1 ? 'has 1 public key' : `has ${keys.length} public keys`;
}

/** The database that keeps events. */
export function eventsQuestions(policy: Policy, harakaDirectory: string): readonly Question[] {
  const place = placeOf(policy, harakaDirectory, '');
  if (place.kind !== 'postgresql') return [];
  const { host, port, database, user } = place;
  const ask = async () => {
    const key = readEventsKey(resolve(harakaDirectory, policy.data_directory))?.toString('hex');
    const found = await probePostgresqlEvents({ ...place, key });
    return `takes the user ${user}; ${found === 'tables' ? 'its tables are there' : 'the first start will make the tables'}`;
  };
  return [{ what: 'events', name: `${database} at ${host}:${port}`, milliseconds: probeMs, ask }];
}

/** The webhook, which is only reached: whatever is posted there would be an event. */
export function webhookQuestions({ audit: { webhook } }: Policy, config: string): readonly Question[] {
  if (!webhook) return [];
  const milliseconds = webhook.timeout_seconds * 1000;
  const ask = () => reach(webhook, config);
  return [{ what: 'webhook', name: shownUrl(webhook.url), milliseconds, ask }];
}

async function reach({ url, ca_file: file, timeout_seconds: s }: WebhookSettings, config: string) {
  const ca = file === undefined ? undefined : readAuthorities(join(config, file));
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:') {
    await connected(connect({ host, port: Number(port || 80) }), 'connect', s);
    return 'takes connections, in clear; nothing was sent';
  }
  const name = isIP(host) === 0 ? { servername: host } : {};
  // Explicit, because an environment variable can turn the default off.
  const trust = { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) } as const;
  const socket = connectTls({ host, port: Number(port || 443), ...name, ...trust });
  const version = () => socket.getProtocol() ?? 'TLS';
  return `verified ${await connected(socket, 'secureConnect', s, version)}; nothing was sent`;
}

async function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  seconds: number,
  told: () => string = () => '',
): Promise<string> {
  const late = () => new Error(`no connection within ${seconds} s`);
  const reached = new Promise<string>((settle, reject) => {
    socket.once(event, () => settle(told()));
    socket.on('error', (error) => reject(new Error(messageOf(error))));
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
  try {
    return await within(seconds * 1000, late, () => reached);
  } finally {
    socket.destroy();
  }
}
