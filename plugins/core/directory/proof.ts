import type { Credential } from '../credential.ts';
import type { AppPassword } from './app-password.ts';
import type { Refusal } from './directory.ts';
import { resultCode, type Result } from './messages.ts';

/** What a bind shows: the password is right and may be used, or why not. */
export type Proof = 'proven' | Refusal;

/** Finds out what a password shows of the entry `dn`: it may be one of its application passwords, or that of a bind. */
export type Prove = (
  dn: string,
  appPasswords: readonly AppPassword[],
) => Promise<{ readonly proof: Proof; readonly credential?: Credential }>;

/** What the answer to a bind shows; `undefined` when it is neither yes nor no. */
export function proofOf({ code, diagnostic, policy }: Result): Proof | undefined {
  // A bind that succeeds only for the password to be changed is no login.
  if (code === resultCode.success) return policy ?? 'proven';
  if (code === resultCode.invalidCredentials) {
    return policy ?? causeInActiveDirectory(diagnostic) ?? 'wrong-password';
  }
  // 389 DS says constraintViolation after too many wrong passwords, and unwillingToPerform to an account that is locked.
  return policy === 'account-locked' ? policy : undefined;
}

/** The Windows errors behind result 49, ERROR_LOGON_FAILURE to ERROR_ACCOUNT_LOCKED_OUT, in hexadecimal. */
const windowsErrors: Readonly<Record<string, Refusal>> = {
  '52e': 'wrong-password',
  '525': 'no-such-account',
  '530': 'logon-restricted',
  '531': 'logon-restricted',
  '532': 'password-expired',
  '533': 'account-disabled',
  '701': 'account-expired',
  '773': 'password-must-change',
  '775': 'account-locked',
};

/** It decides nothing but the cause: the answer is no already. */
function causeInActiveDirectory(diagnostic: string): Refusal | undefined {
  const [, error = ''] = /\bAcceptSecurityContext error, data ([0-9a-f]{1,8})\b/i.exec(diagnostic) ?? [];
  return windowsErrors[error.toLowerCase()];
}
