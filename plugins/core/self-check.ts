import type { Uses } from './reach.ts';

/** Exit code of a gateway that its configuration keeps from starting: EX_CONFIG of sysexits.h. */
export const configurationFault = 78;

/** What stands before each line that says, on standard error, what keeps the gateway from starting. */
export const refusalPrefix = 'gatekeeper refuses to start: ';

/** Names of checks by the stage at which they decide, in the order in which they do. */
export type ChecksByStage = Readonly<Record<string, readonly string[]>>;

let noted: ChecksByStage = {};

/** For who asks how this process would decide. */
export function noteChecks(checks: ChecksByStage): void {
  noted = checks;
}

export function notedChecks(): ChecksByStage {
  return noted;
}

let used: Uses | undefined;

/** For who asks whether a user could use it. */
export function noteUses(uses: Uses): void {
  used = uses;
}

export function notedUses(): Uses | undefined {
  return used;
}

let isTrial = false;

/** This process only tries what the gateway would do: it writes nothing. */
export function onlyTry(): void {
  isTrial = true;
}

export function isOnlyTrying(): boolean {
  return isTrial;
}
