import type { AnyCheck } from './check.ts';

/** What a declaration of others is made into. */
interface Made {
  readonly check: AnyCheck;
  /** For who has the facts already. */
  readonly decide: (facts: never) => unknown;
}

const checks = new WeakMap<object, Made>();

/** Notes what a declaration was made into. */
export function noteMade(defined: object, made: Made): void {
  checks.set(defined, made);
}

/** The check that a declaration was made into; throws a TypeError for anything else. */
export function checkOf(defined: object): AnyCheck {
  return madeOf(defined).check;
}

/** The same for facts as they are told. */
export function toldCheckOf(defined: object): AnyCheck {
  const { check, decide } = madeOf(defined);
  return { ...check, decide } as unknown as AnyCheck;
}

function madeOf(defined: object): Made {
  const made = checks.get(defined);
  if (!made) throw new TypeError('a check was not made by defineCheck');
  return made;
}
