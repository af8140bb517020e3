import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { deepFreeze } from '../deep-freeze.ts';
import type { Settings } from './settings.ts';

/** Octets: Linux starts no process at all that would have a variable of 128 KiB (MAX_ARG_STRLEN), its name included. */
const longestPart = 96 * 1024;

/** Where the first part of the settings stands; the others have a number behind it. There is no secret in them. */
const firstVariable = 'GATEKEEPER_SETTINGS';

/** Leaves settings in the environment, where every process finds them that this one starts from now on. */
export function leaveSettings(settings: Settings): void {
  const text = deflateRawSync(JSON.stringify(settings)).toString('base64');
  for (const name of Object.keys(process.env)) if (isOurs(name)) Reflect.deleteProperty(process.env, name);
  for (let part = 0; part * longestPart < text.length; part += 1) {
    process.env[variable(part)] = text.slice(part * longestPart, (part + 1) * longestPart);
  }
}

/** The settings that the process which started this one had left, or this one itself; `undefined` when there are none. */
export function settingsLeft(): Settings | undefined {
  const parts: string[] = [];
  for (let part = process.env[variable(0)]; part !== undefined; part = process.env[variable(parts.length)]) {
    parts.push(part);
  }
  if (parts.length === 0) return undefined;
  return deepFreeze(JSON.parse(inflateRawSync(Buffer.from(parts.join(''), 'base64')).toString()) as Settings);
}

/** An environment without the settings that another process has left in it. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOurs(name)));
}

function variable(part: number): string {
  return part === 0 ? firstVariable : `${firstVariable}_${part}`;
}

function isOurs(name: string): boolean {
  return name === firstVariable || name.startsWith(`${firstVariable}_`);
}
