import { readLimits } from '../limits/read-limits.ts';
import { formatMailbox, parseDomain, parseMailbox } from '../mailbox.ts';
import { grants, nothingDelegated } from '../rights.ts';
import type { Account, Verification } from './directory.ts';
import { sourceRefusals } from './identity-source.ts';
import { isName } from './login.ts';

/** What a source answered is no answer; the message says why, and nothing of the values: whatever stands there may be a secret. */
export class Nonsense extends Error {
  override readonly name = 'Nonsense';
}

/** More than anybody has. */
const mostValues = 1000;

type Fields = Readonly<Record<string, unknown>>;

/** What a source answered, read anew; throws `Nonsense`. Without a password none can be wrong. */
export function readAnswer(answer: unknown, isPasswordGiven: boolean): Verification {
  const { account, refused, detail } = fieldsOf(answer, 'the answer', ['account', 'refused', 'detail']);
  if ((account === undefined) === (refused === undefined)) {
    throw new Nonsense('the answer has not one of account and refused');
  }
  if (refused === undefined) return { kind: 'account', account: readAccount(account) };
  const cause = sourceRefusals.find((each) => each === refused);
  if (cause === undefined) throw new Nonsense('refused is no cause that is known');
  if (cause === 'wrong-password' && !isPasswordGiven) throw new Nonsense('find has no password to refuse');
  if (detail === undefined) return { kind: 'refused', cause };
  if (typeof detail !== 'string') throw new Nonsense('detail is no text');
  return { kind: 'refused', cause, detail };
}

const accountKeys = ['id', 'addresses', 'domains', 'onBehalf', 'grants', 'limits'];

function readAccount(value: unknown): Account {
  const fields = fieldsOf(value, 'account', accountKeys);
  const { id } = fields;
  if (typeof id !== 'string' || !isName(id)) throw new Nonsense('account.id is no text that can be an id');
  if (fields['addresses'] === undefined) throw new Nonsense('account.addresses is missing');
  const addresses = valuesOf(fields, 'addresses', 'mailbox', parseMailbox);
  const [first] = addresses;
  const delegated = {
    ...nothingDelegated,
    domains: valuesOf(fields, 'domains', 'domain', parseDomain),
    onBehalf: valuesOf(fields, 'onBehalf', 'mailbox', parseMailbox),
    grants: valuesOf(fields, 'grants', 'grant', (text) => grants.find((grant) => grant === text)),
  };
  const { limits, problems } = readLimits(valuesOf(fields, 'limits', 'limit', (text) => text));
  if (problems.length > 0) throw new Nonsense('account.limits cannot be read');
  return {
    id,
    // By an address of its own only: mail_servers knows it by its name.
    name: first === undefined ? id : formatMailbox(first),
    addresses,
    ...(['domains', 'onBehalf', 'grants'].some((key) => fields[key] !== undefined) && { delegated }),
    ...(fields['limits'] !== undefined && { limits }),
  };
}

/** The fields of an object, each read once: what it says when it is asked again is another matter. */
function fieldsOf(value: unknown, what: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null) throw new Nonsense(`${what} is no object`);
  // Whoever misspells limits means an account to have some.
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Nonsense(`${what} has a key that is unknown: ${unknown.slice(0, 40)}`);
  return Object.fromEntries(known.map((key) => [key, (value as Fields)[key]]));
}

function valuesOf<T>(
  fields: Fields,
  key: string,
  what: string,
  parse: (text: string) => T | undefined,
): readonly T[] {
  const { [key]: list } = fields;
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw new Nonsense(`account.${key} is no list`);
  const { length } = list;
  if (length > mostValues) throw new Nonsense(`account.${key} has ${length} values, more than ${mostValues}`);
  return Array.from({ length }, (_, at) => {
    const text: unknown = list[at];
    const read = typeof text === 'string' ? parse(text) : undefined;
    if (read === undefined) throw new Nonsense(`account.${key}[${at}] is no ${what}`);
    return read;
  });
}
