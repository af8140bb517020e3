import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, Published, World } from './world.ts';
import { MtaSts, type MtaStsOptions, type StsResult } from '../../../plugins/core/mta-sts/mta-sts.ts';

export const start = new Date('2026-03-01T12:00:00Z');

/** So many days or minutes after the start. */
export const days = (count: number) => minutes(count * 24 * 60);
export const minutes = (count: number) => new Date(start.getTime() + count * 60_000);

/** A result in short. */
export function brief(result: StsResult): string {
  if (result.kind === 'policy')
    return `${result.policy.mode} ${result.id}${result.fault ? ` (${result.fault.type})` : ''}`;
  return result.kind === 'none' ? 'none' : result.type;
}

/** A policy host that fails. */
export const broken: Answer = (_request, response) => response.writeHead(500).end();

let domains = 0;

/** A domain of its own, a gateway that has not heard of it, and how often its policy was asked for. */
export function meet(world: World, changes: Partial<MtaStsOptions> = {}) {
  domains += 1;
  const domain = `d${domains}.example`;
  const options = world.gateway(changes);
  const folder = join(options.dataDirectory, 'mta-sts');
  const sts = new MtaSts(options);
  return {
    ...{ domain, options, folder, sts, told: options.told },
    files: () => readdirSync(folder).map((name) => join(folder, name)),
    publish: (what: Published) => world.publish(domain, what),
    find: async (now = start) => brief(await sts.find(domain, now)),
    asked: () => world.asked.filter((place) => place.startsWith(`mta-sts.${domain}/`)).length,
  };
}
