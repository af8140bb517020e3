import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/gateway.ts';

const shipped = join(import.meta.dirname, '../../../config/system/fail2ban');

/** A fail2ban-server with our jails and no action: it decides whom to ban, and tells nobody. */
export interface Fail2ban {
  jails(): string[];
  banned(jail: string): string[];
  stop(): Promise<void>;
}

/** Starts one, with a configuration of its own, that reads this log in the place of Haraka's. */
export async function startFail2ban(log: string): Promise<Fail2ban> {
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-fail2ban-'));
  const file = (name: string) => join(folder, name);
  cpSync(shipped, folder, { recursive: true });
  const jail = readFileSync(file('jail.d/gatekeeper.conf'), 'utf8');
  writeFileSync(file('jail.d/gatekeeper.conf'), jail.replaceAll('/var/log/haraka/haraka.log', log));
  writeFileSync(file('jail.conf'), '[DEFAULT]\nbackend = polling\naction =\n');
  const settings = { loglevel: 'INFO', logtarget: file('log'), socket: file('socket'), pidfile: file('pid') };
  const lines = Object.entries({ ...settings, dbfile: 'None' }).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(file('fail2ban.conf'), `[Definition]\n${lines.join('\n')}\n`);
  const server = spawn('fail2ban-server', ['-c', folder, '-f', 'start'], { stdio: 'ignore' });
  const stop = async () => {
    server.kill();
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true });
  };
  const ask = (...command: string[]) =>
    execFileSync('fail2ban-client', ['-c', folder, ...command], { encoding: 'utf8', stdio: 'pipe' }).trim();
  await eventually('fail2ban', () => answers(ask), 20_000).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    jails: () => /Jail list:\s*(.*)$/m.exec(ask('status'))?.[1]?.split(', ') ?? [],
    banned: (name) => ask('get', name, 'banip').split(/\s+/).filter(Boolean),
    stop,
  };
}

function answers(ask: (command: string) => string): boolean {
  try {
    return ask('ping').includes('pong');
  } catch {
    return false;
  }
}
