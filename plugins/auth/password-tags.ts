import { createHmac } from 'node:crypto';
import { resolve } from 'node:path';
import type { Refusal, Verification } from '../core/directory/directory.ts';
import { readOrMakeEventsKey } from '../core/events/key.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import type { Secret } from '../core/secret.ts';
import type { Policy } from '../core/settings/settings.ts';

/** Refusals by which a password is known to be nobody's who logged in so; with any other it may be the right one. */
const wrong: readonly Refusal[] = ['wrong-password', 'no-such-account'];

/** Twelve bits, in hexadecimal: one of 4096 passwords has the same, so that none can be told from it. */
export function passwordTag(key: Buffer, password: Secret): string {
  const hmac = createHmac('sha256', key).update('wrong password\0');
  return password.reveal((bytes) => hmac.update(bytes).digest('hex').slice(0, 3));
}

/** What stands for wrong passwords in events, so that one that is tried at many accounts can be seen. */
export class PasswordTags {
  readonly #plugin: Plugin;
  readonly #complain = oncePerMinute(() => performance.now());
  readonly #keys = new Map<string, Buffer>();

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Of the password of a login that was refused because of it. Nothing where the key cannot be had: the login does not depend on it. */
  of(
    verification: Verification,
    password: Secret | undefined,
    { data_directory: data }: Policy,
  ): string | undefined {
    if (!password || verification.kind === 'account' || !wrong.includes(verification.cause)) return undefined;
    try {
      return passwordTag(this.#keyIn(resolve(harakaDirectory(), data)), password);
    } catch (error) {
      this.#complain(() => {
        this.#plugin.logcrit(`events do not tell wrong passwords apart: ${messageOf(error)}`);
      });
      return undefined;
    }
  }

  /** When it is needed first: by then Haraka is the user that it stays. */
  #keyIn(directory: string): Buffer {
    const key = this.#keys.get(directory) ?? readOrMakeEventsKey(directory);
    this.#keys.set(directory, key);
    return key;
  }
}
