import { domainToUnicode } from 'node:url';

/** The two by their numbers RFC 4518 §2.2 leaves out, too, although Unicode calls them neither control nor format. */
const ignored = /[\u1806\uFFFC\p{M}\p{Z}\p{C}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * What stands for all spellings of a login, and never for who somebody is. It folds at least what a directory may ignore
 * (RFC 4518 §2: case, compatibility forms, spaces, what is invisible; accents in Active Directory), so that two spellings
 * that a server takes for one come to the same.
 */
export function foldedLogin(login: string): string {
  // By way of capitals: some letters share one, or have two for it (ß). Σ becomes another letter at the end of a word.
  const oneCase = login.normalize('NFKD').toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  return oneCase.normalize('NFKD').replace(ignored, '');
}

/** The domain of a login, folded, and A-labels (RFC 5890 §2.3.2.1) as the letters that they stand for; '' where it has none. */
export function foldedDomain(login: string): string {
  const folded = foldedLogin(login);
  const at = folded.lastIndexOf('@');
  // The dot of ideographic scripts is one to IDNA (RFC 3490 §3.1); that of the root is left out.
  const domain = at === -1 ? '' : folded.slice(at + 1).replaceAll('\u3002', '.');
  const name = domain.replace(/\.+$/, '');
  // domainToUnicode would decode more than a name can hold.
  const isEncoded = /(?:^|\.)xn--/.test(name) && /^[a-z0-9._-]+$/.test(name);
  return isEncoded ? foldedLogin(domainToUnicode(name)) || name : name;
}
