import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { WebSettings } from '../core/settings/web.ts';
import type { Role } from './roles.ts';

/** Somebody who has logged in. */
export interface Session {
  /** As it was typed: by it the directory is asked again whether he still may. */
  readonly login: string;
  /** The name of the account, for people and events. */
  readonly name: string;
  readonly role: Role;
  /** Stands in every form; a request that changes something has to bring it along. */
  readonly token: string;
}

interface Kept {
  session: Session;
  readonly began: number;
  seen: number;
  /** When the directory was asked last. */
  checked: number;
}

/** Beyond it the oldest session ends: nobody has so many admins. */
const mostSessions = 1000;

/** After so long the directory is asked again whether an account still may. */
const recheckMs = 5 * 60_000;

/**
 * Sessions, in the memory of this process: who restarts it ends them all. What is kept of an id is a hash, so that no copy of
 * this memory logs anybody in.
 */
export class Sessions {
  readonly #kept = new Map<string, Kept>();
  readonly #idleMs: number;
  readonly #longestMs: number;
  readonly #now: () => number;

  /** `now` is a clock in milliseconds. */
  constructor(settings: Pick<WebSettings, 'idle_minutes' | 'session_minutes'>, now: () => number) {
    this.#idleMs = settings.idle_minutes * 60_000;
    this.#longestMs = settings.session_minutes * 60_000;
    this.#now = now;
  }

  /** A session with a new id of 256 bits: what a browser had before is worth nothing. */
  begin(who: Pick<Session, 'login' | 'name' | 'role'>): { readonly id: string; readonly session: Session } {
    const [id, token] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
    const now = this.#now();
    const session = { ...who, token };
    this.#kept.set(hashOf(id), { session, began: now, seen: now, checked: now });
    const [oldest = ''] = this.#kept.keys();
    if (this.#kept.size > mostSessions) this.#kept.delete(oldest);
    return { id, session };
  }

  /** The session of an id, which thereby goes on; whether the directory should be asked again. */
  find(id: string): { readonly session: Session; readonly isStale: boolean } | undefined {
    const key = hashOf(id);
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    const now = this.#now();
    if (now - kept.seen >= this.#idleMs || now - kept.began >= this.#longestMs) {
      this.#kept.delete(key);
      return undefined;
    }
    kept.seen = now;
    return { session: kept.session, isStale: now - kept.checked >= recheckMs };
  }

  /** The directory has said that it still may, and as what. */
  confirm(id: string, role: Role): Session | undefined {
    const kept = this.#kept.get(hashOf(id));
    if (!kept) return undefined;
    kept.checked = this.#now();
    kept.session = { ...kept.session, role };
    return kept.session;
  }

  end(id: string): void {
    this.#kept.delete(hashOf(id));
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}

/** Whether two texts are the same, without telling by time where they differ. */
export function isSameText(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
