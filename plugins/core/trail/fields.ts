/** What an event says, by the names of its fields; one of a later version may have more. */
export type EventFields = Readonly<Record<string, unknown>>;
