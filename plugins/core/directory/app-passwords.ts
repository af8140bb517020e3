import type { Credential } from '../credential.ts';
import type { Deadline } from '../deadline.ts';
import { messageOf } from '../message-of.ts';
import type { Secret } from '../secret.ts';
import { octetsOf, shown } from './values.ts';
import { isMadeOf, readAppPassword, type AppPassword } from './app-password.ts';
import type { Refusal } from './directory.ts';
import type { Entry } from './messages.ts';
import type { DirectorySettings } from './settings.ts';

/** A wrong password is tried with all of them. */
const mostValues = 20;

/** The application passwords that entries hold, by `directory.app_password_attribute`. */
export class AppPasswords {
  readonly #attribute: string;
  readonly #isOnly: boolean;
  readonly #tell: (problem: string) => void;

  /** `tell` hears of values that log nobody in; no value is shown to it. */
  constructor(settings: DirectorySettings, tell: (problem: string) => void) {
    this.#attribute = settings.app_password_attribute;
    this.#isOnly = settings.app_passwords_only;
    this.#tell = tell;
  }

  /** Whether the settings have any. */
  get matter(): boolean {
    return this.#attribute !== '';
  }

  /** Those of an entry that can be read. */
  of(entry: Entry): readonly AppPassword[] {
    if (!this.matter) return [];
    const values = octetsOf(entry, this.#attribute);
    if (values.length > mostValues) {
      this.#complain(entry, `of the ${values.length} values only ${mostValues} are looked at`);
    }
    return values.slice(0, mostValues).flatMap((value) => this.#read(value, entry));
  }

  #read(value: Buffer, entry: Entry): readonly AppPassword[] {
    try {
      return [readAppPassword(value)];
    } catch (error) {
      this.#complain(entry, `a value ${messageOf(error)}, and logs nobody in`);
      return [];
    }
  }

  /** Why a password that is none of these is refused without a bind; `undefined` where that of the account counts, too. */
  refusalOfOther(appPasswords: readonly AppPassword[]): Refusal | undefined {
    if (!this.#isOnly) return undefined;
    return appPasswords.length === 0 ? 'no-app-password' : 'wrong-password';
  }

  #complain({ dn }: Entry, problem: string): void {
    this.#tell(`directory: ${shown(dn)}: ${this.#attribute}: ${problem}`);
  }
}

/** Which of them the password is. One after the other: however many there are, a login keeps one thread busy. */
export async function credentialOf(
  appPasswords: readonly AppPassword[],
  password: Secret,
  deadline: Deadline,
): Promise<Credential | undefined> {
  for (const { credential, verifier } of appPasswords) {
    // When it has passed, the password may be overwritten.
    deadline.throwIfAborted();
    if (await isMadeOf(verifier, password)) return credential;
  }
  deadline.throwIfAborted();
  return undefined;
}
