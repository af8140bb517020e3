/** When checks decide, in the order in which a message meets them. */
export const stages = {
  /** Before the greeting. */
  connect: { hook: 'connect', priority: -100, clears: 'session' },
  /** A login that is right, before it is answered. */
  auth: { clears: 'login' },
  /** At MAIL, before the envelope is looked at. */
  session: { hook: 'mail', priority: -100, clears: 'message' },
  mail: { hook: 'mail', priority: -90, clears: 'message' },
  /** Before other plugins accept a recipient. */
  rcpt: { hook: 'rcpt', priority: -90, clears: 'recipient' },
  /** When no plugin has accepted a recipient. */
  unclaimed: { hook: 'rcpt', priority: 100 },
  /** After other plugins have seen the body. */
  message: { hook: 'data_post', priority: 80, clears: 'message' },
  /** The gate, and then before mail goes to local recipients. */
  accept: { hook: 'data_post', priority: 100, isFinal: true },
  queue: { hook: 'queue', priority: -100, isFinal: true, isQueueing: true },
  /** Before mail that leaves meets the gate again, and then that. */
  outbound: { hook: 'queue_outbound', priority: -110, clears: 'departure', isFinal: true, isQueueing: true },
  gate: { hook: 'queue_outbound', priority: -100, isFinal: true, isQueueing: true },
  /** Each try to hand a message on. */
  delivery: {},
} as const satisfies Record<string, StageOfHaraka>;

/** Where a stage runs, and what follows from it. */
export interface StageOfHaraka {
  /** Absent where it is no hook that runs it. */
  readonly hook?: string;
  readonly priority?: number;
  /** What a check clears, which the gate asks for; `departure`: that a message leaves. */
  readonly clears?: 'session' | 'login' | 'message' | 'recipient' | 'departure';
  /** Its refusals do not go through Haraka's hooks. */
  readonly isFinal?: boolean;
  /** Plugins queue the message after it. */
  readonly isQueueing?: boolean;
}

export type Stage = keyof typeof stages;

/** All that is known of a stage, also what most do not have. */
export function stageOf(stage: Stage): StageOfHaraka {
  return stages[stage];
}
