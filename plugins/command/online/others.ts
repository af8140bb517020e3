import type { ClientRequest } from 'node:http';
import { join, resolve } from 'node:path';
import { TLSSocket } from 'node:tls';
import { readAuthorities } from '../../core/authorities.ts';
import { within } from '../../core/deadline.ts';
import { readEventsKey } from '../../core/events/key.ts';
import { placeOf } from '../../core/events/places.ts';
import { probeMs, probePostgresqlEvents } from '../../core/events/postgresql-probe.ts';
import { openRequest } from '../../core/http-request.ts';
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

/** By a request as the gateway makes it, which is not sent. */
async function reach({ url, ca_file: file, timeout_seconds: seconds }: WebhookSettings, config: string) {
  const ca = file === undefined ? undefined : readAuthorities(join(config, file));
  const request = openRequest(new URL(url), { ca });
  const late = () => new Error(`no connection within ${seconds} s`);
  try {
    return await within(seconds * 1000, late, () => connected(request));
  } finally {
    request.destroy();
  }
}

function connected(request: ClientRequest): Promise<string> {
  return new Promise((settle, reject) => {
    request.on('error', (error) => reject(new Error(messageOf(error))));
    request.once('socket', (socket) => {
      if (socket instanceof TLSSocket) {
        socket.once('secureConnect', () =>
          settle(`verified ${socket.getProtocol() ?? 'TLS'}; nothing was sent`),
        );
      } else {
        socket.once('connect', () => settle('takes connections, in clear; nothing was sent'));
      }
    });
  });
}
