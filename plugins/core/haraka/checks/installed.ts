import { isOurs } from '../../events/kind.ts';
import { messageOf } from '../../message-of.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Demand } from '../facts/gate.ts';
import { addHook, type HookPlace } from '../hook.ts';
import type { Connection, Next, Plugin } from '../types.ts';
import type { AnyCheck } from './check.ts';
import { noteParameters, sayKept } from './kept.ts';
import { inOrder } from './order.ts';
import { runCheck } from './run.ts';
import { stageOf, stages, type Stage } from './stages.ts';

/** A check at work, and the plugin that brought it. */
export interface Installed {
  readonly check: AnyCheck;
  readonly plugin: Plugin;
  /** Absent where its stage is no hook. */
  readonly place?: HookPlace;
}

const installed: Installed[] = [];

/** In the order in which they decide; each stage has its own list. */
let ordered = new Map<Stage, readonly Installed[]>();

/** Puts checks of a plugin to work. */
export function install(plugin: Plugin, checks: readonly AnyCheck[]): void {
  for (const check of checks) {
    const place = hookOf(plugin, check);
    installed.push({ check, plugin, ...(place && { place }) });
  }
  if (checks.some(({ refusesAt }) => refusesAt)) {
    // Before any other plugin accepts the recipient, and before our own checks of it.
    addHook(plugin, 'rcpt', 'gatekeeper_kept_refusal', sayKept, -95);
  }
  if (checks.some(({ stage }) => stage === 'message')) {
    addHook(plugin, 'mail', 'gatekeeper_parameters', noteParameters, -110);
  }
}

function hookOf(plugin: Plugin, check: AnyCheck): HookPlace | undefined {
  const { hook, priority } = stageOf(check.stage);
  if (hook === undefined) return undefined;
  // The name as it stands: a-b and a_b are two.
  const method = `gatekeeper_${check.stage}_${check.name}`;
  const run = (next: Next, connection: Connection, params?: readonly unknown[]) => {
    runCheck(check, { plugin, connection, params: params ?? [] }, next);
  };
  return addHook(plugin, hook, method, run, priority);
}

/** Puts all that are installed in their order, once all plugins are loaded; what cannot be meant, one line each. */
export function orderChecks(): string[] {
  const problems = [...namesTwice(), ...installed.flatMap(strangersOf)];
  const found = new Map<Stage, readonly Installed[]>();
  for (const stage of Object.keys(stages) as Stage[]) {
    try {
      found.set(
        stage,
        inOrder(ofStage(stage)).map(({ of }) => of),
      );
    } catch (error) {
      problems.push(`checks of stage ${stage}: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) return problems;
  ordered = found;
  for (const [stage, list] of ordered) {
    list.forEach(({ place }, at) => {
      // Before whatever else has the next whole number.
      if (place) place.priority = (stageOf(stage).priority ?? 0) + at / 1000;
    });
  }
  return [];
}

/** Ours first, and then by name: nobody's order depends on that of the lines in config/plugins. */
function ofStage(stage: Stage) {
  const all = installed.filter(({ check }) => check.stage === stage);
  const early = leadingToOurs(all);
  const rank = (name: string) => (isOurs(name) ? 0 : early.has(name) ? 1 : 2);
  return all
    .map((of) => ({ ...of.check, of, rank: rank(of.check.name) }))
    .sort((one, other) => one.rank - other.rank || (one.name < other.name ? -1 : 1));
}

/** With those that ours wait for, by whatever way: who has declared no order must not slip in with them. */
function leadingToOurs(all: readonly Installed[]): ReadonlySet<string> {
  const names = new Set(all.map(({ check }) => check.name).filter(isOurs));
  // Those that are added are walked through, too.
  for (const name of names) for (const other of earlierThan(name, all)) names.add(other);
  return names;
}

function earlierThan(name: string, all: readonly Installed[]): string[] {
  return all.flatMap(({ check }) => {
    if (check.name === name) return check.after ?? [];
    return check.before?.includes(name) ? [check.name] : [];
  });
}

/**
 * Also at two stages, if one of them clears: clearances and settings know a check by its name alone, and what clears the one would
 * clear the other.
 */
function namesTwice(): string[] {
  const declared = new Map<string, Stage[]>();
  for (const { check } of installed) {
    declared.set(check.name, [...(declared.get(check.name) ?? []), check.stage]);
  }
  return [...declared].flatMap(([name, at]) => {
    const isSeveral = new Set(at).size === at.length && at.every((stage) => !stageOf(stage).clears);
    if (at.length === 1 || isSeveral) return [];
    return [`check ${name} is declared twice: at stage ${at.join(' and at stage ')}`];
  });
}

/** A plugin of ours may do without another; whoever else names a check means one that is there. */
function strangersOf({ check }: Installed): string[] {
  const { name, stage, after = [], before = [] } = check;
  if (isOurs(name)) return [];
  return [...after, ...before].flatMap((other) => {
    const at = installed.filter((each) => each.check.name === other).map((each) => each.check.stage);
    if (at.includes(stage)) return [];
    const where = at.length === 0 ? 'nobody declares' : `decides at stage ${at.join(' and ')}, not ${stage}`;
    return [`check ${name}: its order names ${other}, which ${where}`];
  });
}

/** Those of a stage, in their order. */
export function checksOf(stage: Stage): readonly Installed[] {
  return ordered.get(stage) ?? [];
}

/** Names of the checks of each stage that has any, in the order in which they decide. */
export function orderOfChecks(): Readonly<Record<string, readonly string[]>> {
  const lists = [...ordered].map(([stage, list]) => [stage, list.map(({ check }) => check.name)] as const);
  return Object.fromEntries(lists.filter(([, names]) => names.length > 0));
}

/** All that checks which are installed have to clear. */
export function demandedClearances(): readonly Demand[] {
  return installed.flatMap(({ check: { name, stage, looksAhead } }) => {
    const { clears } = stageOf(stage);
    if (clears === undefined || looksAhead) return [];
    return [{ check: name, clears }];
  });
}

/** What speaks against settings that name checks. */
export function checkProblems({ policy }: Settings): string[] {
  return policy.checks.flatMap(({ name }) => {
    if (installed.some(({ check }) => check.name === name)) return [];
    return [`checks.${name}: no plugin in config/plugins declares it`];
  });
}
