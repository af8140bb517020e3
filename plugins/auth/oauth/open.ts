import { join } from 'node:path';
import { messageOf } from '../../core/message-of.ts';
import { downloadKeySet, keySetPlace } from '../../core/oauth/key-set.ts';
import { readText } from '../../core/read-text.ts';
import type { OauthSettings } from '../../core/settings/oauth.ts';
import { keysOfText, RemoteKeys, type Keys } from './keys.ts';
import { SignedTokens, type Tokens } from './tokens.ts';

/** The files of the folder `config` that `oauth` names. */
export function oauthFiles({ jwks_file, ca_file }: OauthSettings, config: string): readonly string[] {
  return [jwks_file, ca_file].flatMap((file) => (file === undefined ? [] : [join(config, file)]));
}

/** Opens tokens by their settings, again and again: keys that were fetched stay while they come from the same place. */
export class TokenOpener {
  readonly #log: (message: string) => void;
  /** The keys that were fetched last, and what they were fetched by. */
  #remote: { readonly source: string; readonly keys: RemoteKeys } | undefined;

  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  /** Throws an Error that names a file which cannot be used. */
  open(settings: OauthSettings, config: string): Tokens {
    return new SignedTokens(settings, this.#keysFor(settings, config));
  }

  #keysFor(settings: OauthSettings, config: string): Keys {
    const { jwks_file: file, stale_seconds } = settings;
    if (file !== undefined) return keysOfFile(join(config, file));
    const place = keySetPlace(settings, config);
    const source = JSON.stringify([place, stale_seconds]);
    if (this.#remote?.source === source) return this.#remote.keys;
    const keys = new RemoteKeys({
      from: place.url,
      download: () => downloadKeySet(place),
      staleMs: stale_seconds * 1000,
      now: () => performance.now(),
      log: this.#log,
    });
    this.#remote = { source, keys };
    return keys;
  }
}

function keysOfFile(path: string): Keys {
  const text = readText(path);
  try {
    return keysOfText(text);
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}
