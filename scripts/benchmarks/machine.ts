import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { versionOf } from '../../plugins/command/haraka-package.ts';
import { harakaDir } from '../demo/instance.ts';

/** What figures depend on: the processors, and the versions of what was measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown processor',
    cores: availableParallelism(),
    versions: {
      'Node.js': process.version.slice(1),
      OpenSSL: process.versions.openssl,
      Haraka: versionOf(harakaDir),
      'haraka-plugin-auth-ldap': versionOf(join(harakaDir, '../haraka-plugin-auth-ldap')),
      'haraka-plugin-spf': versionOf(join(harakaDir, '../haraka-plugin-spf')),
      mailauth: versionOf(join(harakaDir, '../mailauth')),
      nodemailer: versionOf(join(harakaDir, '../nodemailer')),
      mailparser: versionOf(join(harakaDir, '../mailparser')),
      Postfix: printedBy('postconf', '-dh', 'mail_version'),
      Dovecot: printedBy('dovecot', '--version').split(' ')[0] ?? '',
    },
  };
}

/** Empty for a program that is not there: not every server is measured in every run. */
function printedBy(program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
