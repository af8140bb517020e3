import type { Directory, RememberingDirectory } from '../../core/directory/directory.ts';
import { forgottenWithinMs, type Forgotten } from '../../core/store/store.ts';

/** Resolves to who was forgotten since a look; rejects when nobody can tell. */
type Look = (sequence?: number) => Promise<Forgotten>;

export interface AttentiveDirectory extends Directory {
  /** Hears who was forgotten since the last look; `undefined` where that is a moment ago, so that there is nothing to wait for. */
  listen(): Promise<void> | undefined;
}

/**
 * A directory that drops what it remembers of an account soon after `gatekeeper forget` was told so, and tells `onForget`. `now` is
 * a clock in milliseconds that only moves forward.
 */
export function attentive(
  directory: RememberingDirectory,
  look: Look,
  now: () => number,
  onForget: (account: string) => void = () => undefined,
): AttentiveDirectory {
  // From the beginning, not from the first look: the store may be out of use before that.
  let sequence = 0;
  let lookAt = -Infinity;

  const hear = async (): Promise<void> => {
    try {
      const forgotten = await look(sequence);
      sequence = forgotten.sequence;
      const accounts = forgotten.subjects.filter((each) => each.kind === 'account');
      for (const { account } of accounts) {
        directory.forget(account);
        onForget(account);
      }
    } catch {
      // The store says so itself. Who is forgotten meanwhile is heard of when it can be asked again.
    }
  };

  const listen = (): Promise<void> | undefined => {
    if (now() < lookAt) return undefined;
    lookAt = now() + forgottenWithinMs;
    return hear();
  };

  return {
    listen,
    verify: async (login, password) => {
      await listen();
      return directory.verify(login, password);
    },
    find: async (login) => {
      await listen();
      return directory.find(login);
    },
    byCertificate: async (names) => {
      await listen();
      return directory.byCertificate(names);
    },
    verifier: (login) => directory.verifier(login),
    probe: () => directory.probe(),
    close: () => directory.close(),
  };
}
