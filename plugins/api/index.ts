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
  sourceRefusals,
  type IdentitySource,
  type SourceAccount,
  type SourceAnswer,
  type SourceRefusal,
} from '../core/directory/identity-source.ts';
export type { GatekeeperEvent } from '../core/events/described-event.ts';
export { defineEventSink, type EventSink } from '../core/events/sink.ts';
export {
  defineCheck,
  type CheckDeclaration,
  type DefinedCheck,
  type OwnVerdict,
} from '../core/haraka/checks/of-others.ts';
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
export type { Gatekeeper, StandingVerdict } from '../core/haraka/gatekeeper.ts';
export { install, type HarakaPlugin, type Parts } from '../core/haraka/install.ts';
export { NotSent, sendAs, type Mail, type Sent } from '../core/haraka/send-as.ts';
export type {
  NoReplies,
  PermanentReply,
  ReasonsOf,
  Replies,
  Reply,
  TemporaryReply,
} from '../core/replies.ts';
export { defer, pass, refuse, skip, type Deferral, type Refusal, type VerdictFor } from '../core/verdict.ts';
export type { Grant, Mode, Role } from '../core/words.ts';
