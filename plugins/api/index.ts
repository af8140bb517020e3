/**
 * What plugins of others use, in a Haraka with the gateway:
 * `import { defineCheck, install, refuse } from 'haraka-plugin-gatekeeper'`.
 *
 * @module
 */
export type { Mailbox } from '../core/mailbox.ts';
export type { Secret } from '../core/secret.ts';
export {
  defineIdentitySource,
  type IdentitySource,
  type SourceAccount,
  type SourceAnswer,
  type SourceRefusal,
} from '../core/directory/identity-source.ts';
export type { GatekeeperEvent } from '../core/events/described-event.ts';
export { defineEventSink, type EventSink } from '../core/events/sink.ts';
export type { NoReplies, ReasonsOf, VerdictWith } from '../core/haraka/checks/check.ts';
export {
  defineOwnCheck as defineCheck,
  type CheckDeclaration,
  type DefinedCheck,
} from '../core/haraka/checks/of-others.ts';
export type { EnvelopeAddress } from '../core/haraka/facts/address.ts';
export type {
  ConnectFacts,
  ContentFacts,
  DepartingFacts,
  KnownIdentity,
  LoginFacts,
  OutboundFacts,
  RecipientFacts,
  SenderFacts,
  ToldFacts,
  ToldStage,
} from '../core/haraka/facts/told.ts';
export type { Gatekeeper, StandingVerdict } from '../core/haraka/handle.ts';
export { install, type HarakaPlugin, type Parts } from '../core/haraka/install.ts';
export { NotSent, sendAs, type Mail, type Sent } from '../core/haraka/send-as.ts';
export type { TlsFacts } from '../core/haraka/session.ts';
export type { PermanentReason, Replies, Reply, TemporaryReason } from '../core/replies.ts';
export type { Mode } from '../core/settings/mode.ts';
export type { Role } from '../core/settings/settings.ts';
export { defer, pass, refuse, skip, type Deferral, type Refusal, type Verdict } from '../core/verdict.ts';
