/** How much one evaluation may ask for (RFC 7208 §4.6.4). */
export interface SpfLimits {
  /** Terms that ask the DNS. */
  readonly terms: number;
  /** Terms that are answered with nothing. */
  readonly voids: number;
  /** Names of one "mx"; with more it is a permerror. */
  readonly mxNames: number;
  /** Names of the client's address; more are not looked at. */
  readonly ptrNames: number;
  /** Questions of any kind. The other limits allow 123: a record, ten "mx" of ten names, "p" and "exp". */
  readonly queries: number;
  /** Of the whole evaluation, in milliseconds; then it is a temperror. */
  readonly timeout: number;
}

export const defaultLimits: SpfLimits = {
  terms: 10,
  voids: 2,
  mxNames: 10,
  ptrNames: 10,
  queries: 128,
  timeout: 20_000,
};

/** Fills in what was not said; a caller in plain JavaScript may say `undefined`. */
export function limitsOf(given: { readonly [Limit in keyof SpfLimits]?: number | undefined }): SpfLimits {
  return {
    terms: given.terms ?? defaultLimits.terms,
    voids: given.voids ?? defaultLimits.voids,
    mxNames: given.mxNames ?? defaultLimits.mxNames,
    ptrNames: given.ptrNames ?? defaultLimits.ptrNames,
    queries: given.queries ?? defaultLimits.queries,
    timeout: given.timeout ?? defaultLimits.timeout,
  };
}
