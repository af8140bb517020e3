/** What an identity is limited in, as settings and directories call it. */
export const limitNames = [
  'messages_per_hour',
  'messages_per_day',
  'recipients_per_hour',
  'recipients_per_day',
  'recipients_per_message',
  'message_bytes',
  'messages_per_session',
  'sessions',
] as const;

export type LimitName = (typeof limitNames)[number];

/** A hard limit refuses what goes beyond it, a soft one is told of. */
export type LimitKey = LimitName | `soft_${LimitName}`;

/** The largest limit of sessions: whoever logs in looks for a free one among so many. */
export const mostSessions = 1000;

export type LimitValue = number | 'none';

/** One value for each key. */
export type Limits = Readonly<Record<LimitKey, LimitValue>>;

/** Those that a directory gives to one account: each replaces the one of the settings. */
export type OwnLimits = Readonly<Partial<Limits>>;

/** By which limits an identity is judged. */
export function limitsOf(defaults: Limits, own: OwnLimits | undefined): Limits {
  return own ? { ...defaults, ...own } : defaults;
}

/** How much a limit lets through; infinite without one. */
export function mostOf(limits: Limits, key: LimitKey): number {
  const value = limits[key];
  return value === 'none' ? Infinity : value;
}

export function isLimitKey(text: string): text is LimitKey {
  const name = text.startsWith('soft_') ? text.slice('soft_'.length) : text;
  return limitNames.some((each) => each === name);
}
