/**
 * How long an answer waits, so that its time does not tell what the directory found. All times are in milliseconds; `chance` is
 * a random number from 0 to 1. Without it a timer, which fires at whole milliseconds, would pass on what is to be hidden.
 */

/** So much of the delay of a refusal is left to chance; a challenge takes so much of it. */
const share = 1 / 20;

/** For a refusal, after `elapsed` of `delay`. */
export function waitOfRefusal(elapsed: number, delay: number, chance: number): number {
  return Math.max(0, delay * (1 + share * chance) - elapsed);
}

/** For a challenge that was made of what the directory says of a login: every one takes whole steps, however slow that is. */
export function waitOfChallenge(elapsed: number, delay: number, chance: number): number {
  const step = delay * share;
  return step === 0 ? 0 : (Math.ceil(elapsed / step) + chance) * step - elapsed;
}
