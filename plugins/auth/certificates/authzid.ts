import { refused, type Directory, type Verification } from '../../core/directory/directory.ts';
import { accountKey } from '../../core/identity.ts';
import { formatMailbox } from '../../core/mailbox.ts';

/**
 * Who may act as whom (RFC 4422 §A): an account as itself, by its name, its id, an address, or what it would log in as; nobody
 * as somebody else.
 */
export async function unlessForeign(
  authzid: string,
  verification: Verification,
  directory: Pick<Directory, 'find'>,
): Promise<Verification> {
  if (authzid === '' || verification.kind === 'refused') return verification;
  const { account } = verification;
  const names = [account.id, account.name, ...account.addresses.map(formatMailbox)];
  if (names.some((name) => accountKey(name) === accountKey(authzid))) return verification;
  const named = await directory.find(authzid);
  const isSame = named.kind === 'account' && named.account.id === account.id;
  return isSame ? verification : refused('foreign-authzid', account.credential?.name);
}
