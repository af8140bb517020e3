import { isOurs } from '../../events/kind.ts';
import type { NoReplies, ReasonsOf, Replies } from '../../replies.ts';
import { isMode } from '../../settings/mode.ts';
import type { Mode } from '../../words.ts';
import { told } from '../facts/telling.ts';
import { type ToldFacts, type ToldStage } from '../facts/told.ts';
import type { VerdictFor } from '../../verdict.ts';
import { defineCheck as declare, type AnyCheck } from './check.ts';
import { noteMade } from './made.ts';

/** A check of others: what it is called, when it runs, and the function that decides. */
export interface CheckDeclaration<S extends ToldStage, Table extends Replies> {
  /** PLUGIN/CHECK, of small letters, digits, - and _; stands in events, logs, replies and settings. */
  readonly name: string;
  readonly stage: S;
  /** Names of checks of the same stage that decide before this one, and after it. Without any it decides after those of the gateway. */
  readonly after?: readonly string[];
  readonly before?: readonly string[];
  /** What the client hears for reasons of its own, beside those of the gateway: 5xx refuses, 4xx defers. */
  readonly replies?: Table;
  /** Whose mail it judges, that of others being cleared without a word; of everybody where absent. */
  readonly judges?: 'authenticated' | 'unauthenticated';
  /** Only what it does not let go on is an event. */
  readonly isQuiet?: boolean;
  /** `enforce` where absent; an entry of `checks` in the settings has the last word. */
  readonly mode?: Mode;
  /** Throwing, rejecting, hanging beyond `deadline_seconds` and anything that is no verdict are 451 4.3.0. */
  readonly decide: (facts: ToldFacts[S]) => OwnVerdict<Table> | Promise<OwnVerdict<Table>>;
}

/** What such a check may say, for reasons that it has replies for, or for a fault of its own: `own-fault` is 451 4.3.0. */
export type OwnVerdict<Table extends Replies> = VerdictFor<
  ReasonsOf<Table, '5'>,
  ReasonsOf<Table, '4'> | 'own-fault'
>;

/** A check that is declared; `install` puts it to work. */
export interface DefinedCheck<S extends ToldStage = ToldStage> {
  readonly name: string;
  readonly stage: S;
}

/** Declares a check. Throws a TypeError that says what cannot be meant. */
export function defineCheck<S extends ToldStage, const Table extends Replies = NoReplies>(
  declaration: CheckDeclaration<S, Table>,
): DefinedCheck<S> {
  const problem = problemIn(declaration);
  if (problem !== undefined) throw new TypeError(problem);
  const { mode = 'enforce', decide, ...common } = declaration;
  const { name, stage } = common;
  const check = declare<S, Table>({
    ...common,
    mode: (policy) => policy.checks.find((each) => each.name === name)?.mode ?? mode,
    decide: (facts) => decide(frozen(told[stage](facts))),
  });
  const defined: DefinedCheck<S> = Object.freeze({ name, stage });
  noteMade(defined, { check: check as unknown as AnyCheck, decide });
  return defined;
}

/** All the way down: addresses and TLS of a client are the very objects that our own checks look at. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}

const keys = new Set<string>([
  ...['name', 'stage', 'after', 'before', 'replies', 'judges', 'isQuiet', 'mode', 'decide'],
]);

/** What others may not declare, or have forgotten; the rest is what any check has to be. */
function problemIn(declaration: unknown): string | undefined {
  if (typeof declaration !== 'object' || declaration === null) {
    return 'defineCheck: expected an object with name, stage and decide';
  }
  const given = declaration as Readonly<Record<string, unknown>>;
  const { name, stage, judges, isQuiet = false, mode = 'enforce', decide } = given;
  const unknown = Object.keys(declaration).filter((key) => !keys.has(key));
  const wrong: readonly (readonly [isWrong: boolean, what: string])[] = [
    [unknown.length > 0, `has no use for ${unknown.join(', ')}`],
    [isOurs(String(name)), 'its name is of the gateway: put that of your plugin in front'],
    [!Object.hasOwn(told, String(stage)), `stage is none of ${Object.keys(told).join(', ')}`],
    [!whose.includes(judges), 'judges is neither authenticated nor unauthenticated'],
    [typeof isQuiet !== 'boolean', 'isQuiet is neither true nor false'],
    [!isMode(mode), 'mode is none of enforce, observe and off'],
    [typeof decide !== 'function', 'decide is no function'],
  ];
  const found = wrong.find(([isWrong]) => isWrong);
  return found && `check ${String(name)}: ${found[1]}`;
}

const whose: readonly unknown[] = ['authenticated', 'unauthenticated', undefined];
