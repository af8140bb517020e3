import { join } from 'node:path';
import { readAuthorities } from '../../core/authorities.ts';
import { readSecretFile } from '../../core/password-file.ts';
import { Secret } from '../../core/secret.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { shownUrl, type WebhookSettings } from '../../core/settings/webhook.ts';

/** Where events are sent, with its secrets. */
export interface Destination {
  readonly url: URL;
  /** What may be shown of it. */
  readonly shown: string;
  readonly events: WebhookSettings['events'];
  readonly ca: string | undefined;
  readonly key: Secret | undefined;
  readonly authorization: Secret | undefined;
  readonly milliseconds: number;
}

/** Files that `openDestination` reads. */
export function webhookFiles({ audit: { webhook } }: Policy, config: string): readonly string[] {
  const files = [webhook?.secret_file, webhook?.authorization_file, webhook?.ca_file];
  return files.flatMap((file) => (file === undefined ? [] : [join(config, file)]));
}

/** Reads the secrets of the webhook; throws what is wrong with them. */
export function openDestination(settings: WebhookSettings, config: string): Destination {
  const { url, events, secret_file: key, authorization_file: authorization, ca_file: ca } = settings;
  return {
    ...{ url: new URL(url), shown: shownUrl(url), events, milliseconds: settings.timeout_seconds * 1000 },
    ca: ca === undefined ? undefined : readAuthorities(join(config, ca)),
    key: key === undefined ? undefined : readKey(join(config, key)),
    authorization: authorization === undefined ? undefined : readAuthorization(join(config, authorization)),
  };
}

/** Shorter ones can be found by trying. */
const shortestKey = 16;

/** As Standard Webhooks writes a key. */
const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

function readKey(path: string): Secret {
  const text = readSecretFile(path, 'the key that signs what the webhook is sent').reveal(String);
  const [, base64] = encoded.exec(text) ?? [];
  const key = base64 === undefined ? Buffer.from(text, 'utf8') : Buffer.from(base64, 'base64');
  if (key.length < shortestKey) throw new Error(`${path} holds a key of less than ${shortestKey} octets`);
  return new Secret(key);
}

function readAuthorization(path: string): Secret {
  const secret = readSecretFile(path, 'the value of Authorization for the webhook');
  if (/^[\x20-\x7e]+$/.test(secret.reveal(String))) return secret;
  throw new Error(`${path} must hold one line of printable US-ASCII, such as: Bearer TOKEN`);
}
