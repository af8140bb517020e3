import { messageOf } from '../message-of.ts';
import type { Plugin } from './types.ts';

/** The versions of Haraka that the tests run on: the oldest of the peer range, and the newest. */
export const testedHaraka = { from: '3.3.4', to: '3.3.4' } as const;

/** A place where we reach below Haraka's documented hooks. */
export interface Patch<Args extends readonly unknown[] = []> {
  /** That of its file. */
  readonly name: string;
  /** What of Haraka it replaces, sets or relies on. */
  readonly reaches: string;
  /** What it reaches into, where that is not Haraka itself. */
  readonly product?: (plugin: Plugin) => Product;
  /** Why no hook does it, with Haraka's own issue where there is one. */
  readonly why: string;
  /** What holds without it. Absent where security stands on it: the start is refused then. */
  readonly fallback?: string;
  /** Puts it to work and returns what takes it out again. Absent where it only relies on something. */
  readonly install?: (plugin: Plugin, ...args: Args) => Undo | undefined;
  /** Tries it with Haraka's own code on objects that are thrown away; throws what is not as it expects. */
  readonly selfTest: (plugin: Plugin) => void;
}

export type Undo = () => void;

/** A program, and the versions of it that the tests run on. */
export interface Product {
  readonly name: string;
  readonly version: string;
  readonly tested: { readonly from: string; readonly to: string };
}

interface Applied {
  readonly plugin: Plugin;
  readonly patch: Patch<never>;
  readonly undo?: Undo | undefined;
  /** Why it could not even be installed. */
  readonly failure?: string;
}

const applied: Applied[] = [];

/** Those that did not work. */
const takenOut = new WeakSet<Applied>();

/** Declares a patch; `applyPatch` puts it to work. */
export function definePatch<Args extends readonly unknown[] = []>(patch: Patch<Args>): Patch<Args> {
  return Object.freeze(patch);
}

/** Installs a patch. Never throws: `verifyPatches` says what came of it. */
export function applyPatch<Args extends readonly unknown[]>(
  plugin: Plugin,
  patch: Patch<Args>,
  ...args: NoInfer<Args>
): void {
  try {
    applied.push({ plugin, patch, undo: patch.install?.(plugin, ...args) });
  } catch (error) {
    applied.push({ plugin, patch, failure: messageOf(error) });
  }
}

/**
 * Applies a patch that settings ask for, at the start or while the process runs, and tries it; returns why those
 * settings cannot be kept.
 */
export function demandPatch<Args extends readonly unknown[]>(
  plugin: Plugin,
  patch: Patch<Args>,
  ...args: NoInfer<Args>
): string | undefined {
  const isHere = (each: Applied) => each.patch === patch;
  const isNew = !applied.some(isHere);
  if (isNew) applyPatch(plugin, patch, ...args);
  const [what] = applied.filter(isHere).map(failureOf);
  if (what !== undefined) return differs(plugin, patch, what);
  if (isNew) noticeVersion(plugin, productOf(plugin, patch));
  return undefined;
}

/** Whether a patch could be installed, and was not taken out; whether it works is not known before `verifyPatches`. */
export function isInstalled(patch: Patch<never>): boolean {
  return applied.some((each) => each.patch === patch && each.failure === undefined && !takenOut.has(each));
}

/**
 * Tests every patch that was applied, once all plugins are loaded. Takes out those that we can do without, and says so
 * in the log; returns why the start must be refused. The version alone decides nothing.
 */
export function verifyPatches(): string[] {
  const failed = applied.flatMap((each) => {
    const what = failureOf(each);
    return what === undefined ? [] : [{ each, what }];
  });
  for (const { each, what } of failed) {
    const { plugin, patch, undo } = each;
    if (patch.fallback === undefined) continue;
    undo?.();
    takenOut.add(each);
    plugin.logwarn(`${differs(plugin, patch, what)}; it is left out: ${patch.fallback}`);
  }
  const [first] = applied;
  if (first && failed.length === 0) noticeVersion(first.plugin, haraka(first.plugin));
  return failed
    .filter(({ each }) => each.patch.fallback === undefined)
    .map(({ each, what }) => differs(each.plugin, each.patch, what));
}

/** Throws unless Haraka behaves as a self-test expects, which `what` says. */
export function expect(what: string, holds: boolean): void {
  if (!holds) throw new Error(`expected ${what}`);
}

/** Puts another function in the place of a method of Haraka's, for all its objects of that kind. */
export function replaceMethod<Target extends object, Name extends keyof Target & string>(
  target: Target,
  name: Name,
  replacement: (original: Target[Name]) => Target[Name],
): Undo {
  const original = target[name];
  expect(`a method ${name}`, typeof original === 'function');
  target[name] = replacement(original);
  return () => {
    target[name] = original;
  };
}

function failureOf({ plugin, patch, failure }: Applied): string | undefined {
  if (failure !== undefined) return failure;
  try {
    patch.selfTest(plugin);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function differs(plugin: Plugin, patch: Patch<never>, what: string): string {
  const { name, version } = productOf(plugin, patch);
  return `${name} ${version} is not as the patch ${patch.name} needs it: ${what}`;
}

function noticeVersion(plugin: Plugin, { name, version, tested }: Product): void {
  if (isTested(version, tested)) return;
  const range = [...new Set<string>([tested.from, tested.to])].join(' to ');
  plugin.lognotice(`tested with ${name} ${range}, this is ${version}; the self-tests pass`);
}

function productOf(plugin: Plugin, { product = haraka }: Patch<never>): Product {
  return product(plugin);
}

function haraka(plugin: Plugin): Product {
  return { name: 'Haraka', version: plugin.haraka_require('package.json').version, tested: testedHaraka };
}

/** Whether a version lies between the two that are tested, both included; one with a suffix never does. */
export function isTested(version: string, range: { from: string; to: string } = testedHaraka): boolean {
  return /^\d+\.\d+\.\d+$/.test(version) && !isOlder(version, range.from) && !isOlder(range.to, version);
}

function isOlder(version: string, other: string): boolean {
  const [ours, theirs] = [partsOf(version), partsOf(other)];
  const at = ours.findIndex((part, index) => part !== theirs[index]);
  return at >= 0 && (ours[at] ?? 0) < (theirs[at] ?? 0);
}

function partsOf(version: string): number[] {
  return version.split('.').map(Number);
}
