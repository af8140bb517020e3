import { within } from '../deadline.ts';
import { Secret } from '../secret.ts';
import {
  refused,
  Unavailable,
  type RememberingDirectory,
  type Unproven,
  type Verification,
} from './directory.ts';
import type { IdentitySource } from './identity-source.ts';
import { refusalOfName, refusalWithoutAsking } from './login.ts';
import { preparationOf, type Prepare } from './preparation.ts';
import { Queue } from './queue.ts';
import { readAnswer } from './source-answer.ts';
import { faultOf } from './source-fault.ts';
import type { SourceSettings } from './source-settings.ts';

export type AskingSettings = Pick<
  SourceSettings,
  'password_preparation' | 'questions' | 'queue' | 'login_timeout_seconds'
>;

/** A source as a directory: whatever it does, a login is answered in time, and let in by nothing but an account that can be read. */
export class SourceDirectory implements RememberingDirectory {
  readonly #source: IdentitySource;
  readonly #seconds: number;
  readonly #prepare: Prepare;
  readonly #queue: Queue;
  #closed = false;

  constructor(source: IdentitySource, settings: AskingSettings) {
    this.#source = source;
    this.#seconds = settings.login_timeout_seconds;
    this.#prepare = preparationOf(settings.password_preparation);
    this.#queue = new Queue(settings.questions, settings.queue);
  }

  async verify(login: string, password: Secret): Promise<Verification> {
    const cause = refusalWithoutAsking(login, password);
    if (cause !== undefined) return refused(cause);
    const lent = this.#copyOf(password);
    if (!lent) return refused('malformed-password');
    try {
      const question = async () => readAnswer(await this.#source.verify(login, lent), true);
      return shown(await this.#ask(question, lent), lent);
    } finally {
      lent.wipe();
    }
  }

  async find(login: string): Promise<Verification> {
    const cause = refusalOfName(login);
    if (cause !== undefined) return refused(cause);
    return shown(await this.#ask(async () => readAnswer(await this.#source.find(login), false)));
  }

  /** No source knows certificates. */
  byCertificate(): Promise<Verification> {
    return Promise.resolve(refused('no-such-account'));
  }

  verifier(): Promise<Unproven> {
    return Promise.reject(new Unavailable('it has no verifiers for SCRAM'));
  }

  async probe(): Promise<void> {
    await this.#ask(async () => {
      await this.#source.probe?.();
    });
  }

  /** The source itself is the plugin's, and may be in use by newer settings. */
  close(): void {
    this.#closed = true;
  }

  forget(): void {
    // It remembers nobody.
  }

  /** A place among the questions is free again when the time is over: one that never ends must not keep it for ever. */
  async #ask<T>(question: () => Promise<T>, password?: Secret): Promise<T> {
    if (this.#closed) throw new Unavailable('closed');
    const late = () => new Unavailable(`a login was not decided within ${this.#seconds} s`);
    return within(this.#seconds * 1000, late, (deadline) =>
      this.#queue.inTurn(
        deadline,
        () => deadline.race(trusted(question, password)),
        (_error): _error is Error => false,
      ),
    );
  }

  /** A copy: the memory and the counters need the password after the source, whatever that does with it. */
  #copyOf(password: Secret): Secret | undefined {
    const prepared = this.#prepare(password);
    return prepared === password ? password.reveal((bytes) => new Secret(Buffer.from(bytes))) : prepared;
  }
}

/** What was thrown is not kept as a cause: it may hold the password, too. */
async function trusted<T>(question: () => Promise<T>, password?: Secret): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw new Unavailable(faultOf(error, password));
  }
}

/** What a source says of a refusal is a stranger's word, as what it throws is. */
function shown(verification: Verification, password?: Secret): Verification {
  if (verification.kind === 'account' || verification.detail === undefined) return verification;
  return { ...verification, detail: faultOf(verification.detail, password) };
}

/** An entry of `identity_sources` where no plugin is loaded, as in a command: nobody of it is found, and none is taken for refused. */
export function knownToGatewayAlone(): RememberingDirectory {
  const unknown = () => Promise.reject(new Unavailable(gatewayAlone));
  return {
    ...{ verify: unknown, find: unknown, verifier: unknown, probe: unknown },
    byCertificate: () => Promise.resolve(refused('no-such-account')),
    close: () => undefined,
    forget: () => undefined,
  };
}

/** Why a command cannot answer for an account of an identity source. */
export const gatewayAlone =
  'its accounts are known to the gateway alone, which loads the plugin that offers it';
