import type { Identity } from '../../identity.ts';
import { formatMailbox } from '../../mailbox.ts';
import type { Facts } from '../facts.ts';
import type { SessionFacts } from '../session.ts';
import type { ConnectFacts, ContentFacts, KnownIdentity, ToldFacts, ToldStage } from './told.ts';

/** Makes of our facts what others are told. */
export const told: { readonly [S in ToldStage]: (facts: Facts[S]) => ToldFacts[S] } = {
  connect: client,
  auth: ({ login, mechanism, ...facts }) => ({
    ...client(facts),
    identity: knownIdentity(facts.identity),
    ...(login !== undefined && { login }),
    ...(mechanism !== undefined && { mechanism }),
  }),
  mail: ({ sender, ...facts }) => ({ ...client(facts), sender }),
  rcpt: ({ sender, recipient, count, ...facts }) => ({ ...client(facts), sender, recipient, count }),
  message: content,
  outbound: ({ id, bytes, messageId, ...facts }) => ({
    ...content(facts),
    id,
    bytes,
    ...(messageId !== undefined && { messageId }),
  }),
  delivery: ({ identity: { proof, name, id, credential }, ...facts }) => ({
    ...facts,
    identity: { proof, name, id, ...(credential !== undefined && { credential }) },
  }),
};

function client({ client: { address }, listener, helo, tls, identity }: SessionFacts): ConnectFacts {
  return {
    client: { address },
    listener,
    helo,
    ...(tls && { tls }),
    ...(identity && { identity: knownIdentity(identity) }),
  };
}

type Content = Pick<Facts['message'], 'sender' | 'recipients' | 'headerLines' | 'isHeaderWhole'> &
  SessionFacts;

function content({ sender, recipients, headerLines, isHeaderWhole, ...facts }: Content): ContentFacts {
  return { ...client(facts), sender, recipients, header: headerLines.join(''), isHeaderWhole };
}

export function knownIdentity({ proof, name, id, addresses, credential }: Identity): KnownIdentity {
  const known = { proof, name, id, addresses: addresses.map(formatMailbox) };
  return credential === undefined ? known : { ...known, credential };
}
