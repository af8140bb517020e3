import type { Refusal } from '../core/haraka/answer.ts';
import { judgeLogin, type ClearedLogin, type JudgedLogin } from '../core/haraka/checks/login.ts';
import { holdInput } from '../core/haraka/patches/held-input.ts';
import { isGone } from '../core/haraka/session.ts';
import type { Connection } from '../core/haraka/types.ts';
import type { Identity } from '../core/identity.ts';
import type { Seats } from './seats.ts';

/** A login whose password, proof or token is right. */
export interface RightLogin {
  readonly identity: Identity;
  readonly login: string | undefined;
  readonly mechanism: string | undefined;
}

/** What becomes of it: one of these is called, once. */
export interface Fate {
  readonly letIn: (cleared: ClearedLogin) => void;
  /** It is on record already. */
  readonly turnAway: (refusal: Refusal) => void;
  readonly fail: (error: unknown) => void;
}

/** Lets in who is right, unless checks of logins have something against it, or its identity has too many sessions. */
export class Admission {
  readonly #seats: Seats;

  constructor(seats: Seats) {
    this.#seats = seats;
  }

  /** At once, where nobody has to be asked. */
  admit(connection: Connection, right: RightLogin, fate: Fate): void {
    const { identity, login, mechanism } = right;
    const judged = judgeLogin(connection, {
      identity,
      ...(login !== undefined && { login }),
      ...(mechanism !== undefined && { mechanism }),
    });
    const needsSeat = this.#seats.concern(connection, identity);
    if (!(judged instanceof Promise) && !needsSeat) fate.letIn(judged);
    else void this.#ask(connection, right, judged, fate);
  }

  /** Frees the seat of a session. */
  leave(connection: Connection): void {
    this.#seats.leave(connection);
  }

  /** Never rejects: a rejection would end the process with all its sessions. The seat comes last: who is refused takes none. */
  async #ask(
    connection: Connection,
    { identity, login }: RightLogin,
    judging: JudgedLogin | Promise<JudgedLogin>,
    { letIn, turnAway, fail }: Fate,
  ): Promise<void> {
    holdInput(connection);
    try {
      const judged = await judging;
      if (judged.refusal) {
        turnAway(judged.refusal);
        return;
      }
      const isCounted = this.#seats.concern(connection, identity);
      const refusal = isCounted ? await this.#seats.take(connection, identity, login) : undefined;
      if (isGone(connection)) this.#seats.leave(connection);
      else if (refusal) turnAway(refusal);
      else letIn(judged);
    } catch (error) {
      fail(error);
    }
  }
}
