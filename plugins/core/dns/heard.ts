/** What came of a query that was sent to a server. */
export type Heard =
  /** It is the answer to the query; more is not known yet. */
  | { readonly kind: 'message'; readonly message: Buffer }
  /** Nothing in time, or the question was called off. */
  | { readonly kind: 'silence' }
  /** Nothing listens there, or there is no way to it. */
  | { readonly kind: 'refused'; readonly because: string }
  /** What came is no answer. */
  | { readonly kind: 'failure'; readonly because: string };

export const silence: Heard = { kind: 'silence' };
