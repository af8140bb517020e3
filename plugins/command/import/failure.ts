/** What a script learns; those beyond 1 are of sysexits.h. */
export const exitCode = {
  /** Nothing to migrate. */
  no: 1,
  /** EX_USAGE: the command line cannot be meant, or there is no Haraka to read as. */
  usage: 64,
  /** EX_UNAVAILABLE: the reader of Haraka does not work. */
  unavailable: 69,
  /** EX_CANTCREAT: a file is there already, or cannot be written. */
  cantCreate: 73,
  /** EX_CONFIG: no directory of a Haraka. */
  configuration: 78,
} as const;

/** Ends the command with a message for people and an exit code for scripts. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(message: string, code: number) {
    super(message);
    this.exitCode = code;
  }
}
