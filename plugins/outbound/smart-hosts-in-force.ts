import { configDirectory } from '../core/haraka/instance.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import type { Policy } from '../core/settings/settings.ts';
import { openSmartHosts } from '../core/smart-host/open.ts';
import type { SmartHost } from '../core/smart-host/types.ts';

/** The smart hosts of the settings in force, with their secrets. */
export class SmartHostsInForce {
  readonly #plugin: Plugin;
  readonly #complain = oncePerMinute(() => performance.now());
  #hosts: ReadonlyMap<string, SmartHost> | undefined;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Reads the secrets, and throws what is wrong; what it returns puts them in force. */
  prepare(policy: Policy): () => void {
    const hosts = openSmartHosts(policy, configDirectory());
    return () => {
      this.#hosts = hosts;
    };
  }

  /** For a worker that cannot read them now: it tries again for each message. */
  useLater(): void {
    this.#hosts = undefined;
  }

  /** `undefined` for one that cannot be used now; the log says why. */
  find(name: string): SmartHost | undefined {
    try {
      this.#hosts ??= openSmartHosts(currentSettings().policy, configDirectory());
      return this.#hosts.get(name);
    } catch (error) {
      this.#complain(() => {
        this.#plugin.logcrit(`mail for smart hosts stays in the queue: ${messageOf(error)}`);
      });
      return undefined;
    }
  }
}
