import { z } from 'zod';

const text = z.string().min(1).max(1000);
const heldName = z.string().regex(/^[0-9a-f]{16}$/);

/** What the gateway can be asked to do. */
export const actionSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('release-held'), held: heldName }),
  z.strictObject({ action: z.literal('drop-held'), held: heldName }),
  z.strictObject({ action: z.literal('suspend'), id: text, name: text, because: z.string().max(300) }),
  z.strictObject({
    action: z.literal('release'),
    id: text,
    name: text,
    mail: z.enum(['keep', 'deliver', 'drop']),
  }),
  z.strictObject({ action: z.literal('forget'), account: text }),
]);

export type RequestedAction = z.infer<typeof actionSchema>;

/** A request as it lies in a file. */
export const requestSchema = z.strictObject({
  v: z.literal(1),
  time: z.iso.datetime(),
  /** The name of the admin, as the directory has it. */
  by: text,
  /** Address of the browser. */
  client: z.string().max(100),
  act: actionSchema,
});

export type Request = z.infer<typeof requestSchema>;

/** What came of it. */
export const resultSchema = z.strictObject({
  v: z.literal(1),
  request: requestSchema,
  time: z.iso.datetime(),
  outcome: z.enum(['done', 'failed']),
  says: z.string().max(2000),
});

export type Result = z.infer<typeof resultSchema>;

/** What an action is about, in one line for people. */
export function subjectOf(act: RequestedAction): string {
  if ('held' in act) return act.held;
  return 'account' in act ? act.account : act.name;
}
