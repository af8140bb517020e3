import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuProfile, sharesOf, type Shares } from './cpu-profile.ts';
import { startGatekeeper } from './haraka.ts';
import { Audience } from './measure.ts';
import type { OpenScene } from './scene.ts';
import type { Server } from './server.ts';

const intervalUs = 250;

/** Visits a Gatekeeper whose stack is sampled, which slows it down: nothing else is measured of it. */
export async function profileGatekeeper(scene: OpenScene, clients: number, seconds: number): Promise<Shares> {
  const folder = join(scene.folder, 'profile');
  mkdirSync(folder);
  const sampling = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${intervalUs}`];
  const server = await startGatekeeper('gatekeeper-profile', scene, sampling);
  const [from, to] = await timeOfVisit(server, scene, clients, seconds);
  const [file = ''] = readdirSync(folder);
  return sharesOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile, from, to);
}

/** When the clients came and went, after others had come before them; stops the server. */
async function timeOfVisit(
  server: Server,
  scene: OpenScene,
  clients: number,
  seconds: number,
): Promise<[from: number, to: number]> {
  try {
    const audience = new Audience(server, scene, clients);
    await audience.come('resumed', seconds);
    const from = nowUs();
    await audience.come('resumed', seconds);
    return [from, nowUs()];
  } finally {
    await server.stop();
  }
}

function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
