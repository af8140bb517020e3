import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../../scripts/demo/certificates.ts';
import { startGateway, type Gateway } from '../../scripts/demo/gateway.ts';
import { readQueueFile } from '../../plugins/core/provenance/queue-file.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { loggedIn, type SmtpReply } from '../support/smtp.ts';
import { startWorld, type World } from '../support/world.ts';
import { contentOf } from './traffic.ts';

export interface Scene {
  readonly test: TestGateway;
  readonly world: World;
  /** Ends the gateway as a loss of power does, or in good order, and starts it again with what `meanwhile` leaves. */
  restart(meanwhile?: () => void | Promise<void>, how?: 'SIGKILL'): Promise<void>;
  /** Files of the queue. */
  queue(): string[];
  held(): string[];
  stop(): Promise<void>;
}

/** A gateway whose mail goes to a world that refuses some of it. */
export async function startScene(
  options: TestGatewayOptions = {},
  certificate?: Certificate,
): Promise<Scene> {
  const world = await startWorld(certificate);
  const config = { 'demo-route.ini': `host=127.0.0.1\nport=${world.port}\n`, ...options.config };
  const test = await startTestGateway({ ...options, config }).catch((error: unknown) => {
    world.stop();
    throw error;
  });
  let running: Gateway = test.gateway;
  const restart = async (meanwhile: () => void | Promise<void> = () => undefined, how?: 'SIGKILL') => {
    if (how && running.process.pid) process.kill(-running.process.pid, how);
    await running.stop();
    await meanwhile();
    const { dir, ports } = test;
    running = await startGateway({ dir, ports, directoryUrl: '', sinkPort: 0, reuse: true });
  };
  return {
    ...{ test, world, restart },
    queue: () => readdirSync(join(test.dir, 'queue')).filter((file) => !file.startsWith('__tmp__')),
    held: () => heldIn(test.dir),
    stop: async () => {
      await running.stop();
      await test.stop();
      world.stop();
    },
  };
}

function heldIn(dir: string): string[] {
  try {
    return readdirSync(join(dir, 'var/gatekeeper/held')).filter((file) => /^[0-9a-f]{16}$/.test(file));
  } catch {
    return [];
  }
}

/** Alice writes; `helo` tells the plugins of the test what to do with it. */
export async function mail(
  { ports }: TestGateway,
  to: readonly string[],
  helo = 'client.example',
): Promise<SmtpReply> {
  const client = await loggedIn({ port: ports.submission }, 'alice@corp.example', 'pw-alice');
  await client.command(`EHLO ${helo}`);
  await client.command('MAIL FROM:<alice@corp.example>');
  for (const each of to) await client.command(`RCPT TO:<${each}>`);
  await client.command('DATA');
  client.write(contentOf({ from: 'alice@corp.example', to: '' }));
  const reply = await client.reply(15_000);
  client.destroy();
  return reply;
}

/** The header of a queue file, to be changed at will. */
export interface Todo {
  uuid: string;
  mail_from: object;
  rcpt_to: [object];
  notes: { gatekeeper_provenance?: object };
}

interface Edit {
  readonly header?: (todo: Todo) => void;
  readonly message?: (text: string) => string;
}

/** A file of the queue with another header, or another message. */
export async function edited(
  path: string,
  { header: change, message = (text) => text }: Edit,
): Promise<Buffer> {
  const { header, start } = await readQueueFile(path);
  const changed = header as unknown as Todo;
  change?.(changed);
  const text = Buffer.from(`\n${JSON.stringify(changed, undefined, '\t')}\n`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const content = message(readFileSync(path).subarray(start).toString('latin1'));
  return Buffer.concat([length, text, Buffer.from(content, 'latin1')]);
}

/** The name of a queue file that is due now. */
export function due(file: string): string {
  const parts = file.split('_');
  parts[1] = String(Date.now());
  return parts.join('_');
}
