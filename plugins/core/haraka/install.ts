import { offerIdentitySource, type IdentitySource } from '../directory/identity-source.ts';
import type { EventSink } from '../events/sink.ts';
import { checkOf } from './checks/made.ts';
import type { DefinedCheck } from './checks/of-others.ts';
import { install as installChecks } from './checks/installed.ts';
import { offerEventSink } from './sinks.ts';
import { refuseIfLate, start } from './startup.ts';
import type { Plugin } from './types.ts';

/** Haraka's object of a plugin, which is `this` in its `register`. */
export interface HarakaPlugin {
  readonly name: string;
  register_hook(hook: string, method: string, priority?: number): void;
}

/** What a plugin of others brings. */
export interface Parts {
  readonly checks?: readonly DefinedCheck[];
  /** Asked for logins where `identity_sources` of the settings names them. */
  readonly identitySources?: readonly IdentitySource[];
  readonly eventSinks?: readonly EventSink[];
}

const keys = ['checks', 'identitySources', 'eventSinks'];

/**
 * Puts to work what a plugin brings, within its `register`. Throws an Error for what cannot be meant: Haraka does not start then. From
 * there on the plugin is guarded as those of the gateway are.
 */
export function install(plugin: HarakaPlugin, parts: Parts): void {
  const problem = problemIn(plugin, parts);
  if (problem !== undefined) throw new TypeError(`install: ${problem}`);
  const { checks = [], identitySources = [], eventSinks = [] } = parts;
  const judging = checks.map(checkOf);
  const host = plugin as Plugin;
  refuseIfLate(host);
  start(host);
  installChecks(host, judging);
  for (const source of identitySources) offerIdentitySource(source);
  for (const sink of eventSinks) offerEventSink(host, sink);
}

function problemIn(plugin: unknown, parts: unknown): string | undefined {
  if (typeof (plugin as Partial<HarakaPlugin> | undefined)?.register_hook !== 'function') {
    return "expected Haraka's plugin first: `this` in register()";
  }
  if (typeof parts !== 'object' || parts === null) return `expected ${keys.join(', ')} after the plugin`;
  const unknown = Object.keys(parts).filter((key) => !keys.includes(key));
  return unknown.length > 0 ? `has no use for ${unknown.join(', ')}: expected ${keys.join(', ')}` : undefined;
}
