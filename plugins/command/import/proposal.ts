import type { Secret } from '../../core/secret.ts';
import type { Policy } from '../../core/settings/settings.ts';
import type { Role } from '../../core/words.ts';

/** A proposed value, and the comment that says where it came from. */
export interface Setting<T> {
  readonly value: T;
  readonly from: string;
  /** Nobody but the operator knows it: the value only shows the form. */
  readonly isToFillIn: boolean;
}

/** What is proposed for the section `directory`. */
export interface Directory {
  readonly urls: Setting<readonly string[]>;
  readonly start_tls?: Setting<boolean>;
  /** Why `ca_file` may be needed; absent: it is not. */
  readonly ca_file?: string;
  readonly bind_dn: Setting<string>;
  /** Of `bind_dn`; absent: the operator has to write the file. */
  readonly password?: Secret;
  readonly base: Setting<string>;
  readonly filter: Setting<string>;
  readonly address_attributes?: Setting<readonly string[]>;
  readonly operation_timeout_seconds?: Setting<number>;
}

/** What is proposed for the section `spf`. */
export interface Spf {
  readonly fail: Setting<Policy['spf']['fail']>;
  readonly softfail: Setting<Policy['spf']['softfail']>;
  readonly permerror: Setting<Policy['spf']['permerror']>;
  readonly temperror: Setting<Policy['spf']['temperror']>;
}

/** What is proposed for `gatekeeper.yaml`. */
export interface Proposed {
  /** Absent: all of them. */
  readonly roles?: Setting<readonly Role[]>;
  /** Absent: nobody logs in. */
  readonly directory?: Directory;
  readonly spf?: Spf | undefined;
}

/** A user of a file, with the password that Haraka accepts. */
export interface User {
  readonly name: string;
  readonly password: Secret;
}

/** What one of the old plugins gives. */
export interface Proposal {
  readonly directory?: Directory;
  readonly spf?: Spf;
  readonly users?: readonly User[];
  /** What has no equal, what changes and why: a sentence or a few. */
  readonly notes: readonly string[];
}

/** A value that was found. */
export function known<T>(value: T, from: string): Setting<T> {
  return { value, from, isToFillIn: false };
}

/** A value that the operator must put in; `value` shows the form. */
export function toFillIn<T>(value: T, from: string): Setting<T> {
  return { value, from, isToFillIn: true };
}

/** A setting that the file has no line for, when there is none. */
export function optional<K extends keyof Directory>(
  key: K,
  setting: Directory[K] | undefined,
): Partial<Pick<Directory, K>> {
  return setting === undefined ? {} : ({ [key]: setting } as Pick<Directory, K>);
}

/** A directory of which nothing is known yet; `base` if the command line gave it. */
export function unknownDirectory(why: string, base?: string): Directory {
  return {
    urls: toFillIn(['ldaps://ldap.example.com'], why),
    bind_dn: serviceAccount(base ?? exampleBase, why),
    base: base === undefined ? toFillIn(exampleBase, why) : known(base, '--base'),
    filter: known('(&(objectClass=inetOrgPerson)(uid={login}))', 'A login is the uid of an account'),
  };
}

/** The form of a base. */
export const exampleBase = 'ou=people,dc=example,dc=com';

/** The gateway's own account, somewhere in the same tree. */
export function serviceAccount(base: string, why: string): Setting<string> {
  const domain = /dc=.*$/i.exec(base)?.[0] ?? base;
  return toFillIn(`cn=gatekeeper,ou=services,${domain}`, why);
}
