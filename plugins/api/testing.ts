/**
 * For tests of what plugins bring: `import { identitySourceContract, tryCheck } from 'haraka-plugin-gatekeeper/testing'`.
 *
 * @module
 */
export type { ContractPeople, ContractPerson } from '../core/directory/contract-cases.ts';
export { identitySourceContract, type SourceContract } from '../core/directory/source-contract.ts';
export { tryCheck, type Tried } from '../core/haraka/checks/try.ts';
// What these name, which the entry of the package has as well.
export type { Mailbox } from '../core/mailbox.ts';
export type { Secret } from '../core/secret.ts';
export {
  sourceRefusals,
  type IdentitySource,
  type SourceAccount,
  type SourceAnswer,
  type SourceRefusal,
} from '../core/directory/identity-source.ts';
export type { DefinedCheck } from '../core/haraka/checks/of-others.ts';
export type {
  ConnectFacts,
  ContentFacts,
  DepartingFacts,
  EnvelopeAddress,
  KnownIdentity,
  LoginFacts,
  OutboundFacts,
  RecipientFacts,
  SenderFacts,
  TlsFacts,
  ToldFacts,
  ToldStage,
} from '../core/haraka/facts/told.ts';
export type { AnyVerdict, VerdictFor } from '../core/verdict.ts';
export type { Grant, Mode, Role } from '../core/words.ts';
