import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startDirectory } from '../../../scripts/demo/directory.ts';
import { harakaDir } from '../../../scripts/demo/instance.ts';
import { entries } from '../../../scripts/demo/people.ts';
import { refusals } from '../../../plugins/core/directory/directory.ts';
import { gatekeeper } from '../../support/command.ts';
import { audience, issuer, issuerKey } from '../../support/oauth.ts';
import { eventually, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { plain } from '../../support/smtp.ts';
import {
  clientFrom,
  guesser,
  hostileLines,
  hostileLogins,
  parties,
  proxyAddress,
  suspended,
  type Party,
} from './attackers.ts';
import { startFail2ban } from './fail2ban-server.ts';

const filter = join(import.meta.dirname, '../../../config/system/fail2ban/filter.d/gatekeeper.conf');
const connectionIni = readFileSync(join(harakaDir, 'config/connection.ini'), 'utf8');
const slanderer = '203.0.113.66';

/** In the order of all. */
const uncounted = [
  ...['not-in-required-group', 'in-forbidden-group', 'app-password-expired', 'app-password-elsewhere'],
  ...['mail-server-elsewhere', 'account-suspended', 'channel-binding'],
  ...['token-invalid', 'token-expired', 'token-scope', 'token-without-login'],
  ...['certificate-fault', 'certificate-ambiguous'],
];

/** What Haraka's log.ini may say; Haraka is shipped with the second, and at level data logs all that clients say. */
const logs = [
  { format: 'default', timestamps: true, level: 'data' },
  { format: 'default', timestamps: false, level: 'info' },
  { format: 'logfmt', timestamps: true, level: 'info' },
  { format: 'json', timestamps: true, level: 'info' },
] as const;

type Log = (typeof logs)[number];

/** What stands before a line that came another way than into Haraka's own file. */
const prefixes = [
  { way: 'from the journal or a syslog', prefix: 'Nov 24 09:30:00 gw1 haraka[4711]: ' },
  { way: 'from a syslog that writes RFC 3339', prefix: '2026-11-24T09:30:00.123456+01:00 gw1 node[4711]: ' },
] as const;

async function startGateway({ format, timestamps, level }: Log, directoryPort: number): Promise<TestGateway> {
  const { publicJwk } = await issuerKey('one');
  return startTestGateway({
    directoryUrl: `ldap://127.0.0.1:${directoryPort}`,
    settings: {
      ...{ sender: { mode: 'observe' }, auth: { failure_delay_seconds: 0 } },
      oauth: { issuer, audience, jwks_file: 'issuer.json' },
    },
    config: {
      'issuer.json': JSON.stringify({ keys: [publicJwk] }),
      'connection.ini': connectionIni.replace('hosts[] =', `hosts[] = ${proxyAddress}`),
      'log.ini': `[main]\nlevel=${level}\ntimestamps=${timestamps}\nformat=${format}\n`,
    },
  });
}

/** What fail2ban-regex finds in a log, one piece for each failure: the address, or the whole line. */
function failures(log: string, mode: 'normal' | 'in-clear', show: 'ip' | 'msg'): string[] {
  const command = ['-o', show, '-e', 'utf-8', log, `${filter}[mode=${mode}]`];
  const output = execFileSync('fail2ban-regex', command, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return output.split('\n').filter(Boolean);
}

function counted(addresses: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const address of addresses) counts[address] = (counts[address] ?? 0) + 1;
  return counts;
}

function expected(key: 'found' | 'foundInClear'): Record<string, number> {
  const some = parties.filter((party) => party[key] > 0);
  return Object.fromEntries(some.map((party) => [party.address, party[key]]));
}

for (const log of logs) {
  const { format, timestamps } = log;
  void describe(`fail2ban-regex on the log of a gateway, format=${format}, timestamps=${timestamps}`, () => {
    let gateway: TestGateway;
    let file: string;
    let slanders = 0;

    before(async () => {
      const directory = await startDirectory({ port: 0, entries: entries() });
      gateway = await startGateway(log, directory.port);
      file = join(gateway.dir, 'haraka.log');
      assert.equal((await gatekeeper(['suspend', suspended], { haraka: gateway.dir })).code, 0);
      for (const party of parties) await play(party, gateway);
      const [line = ''] = failures(file, 'normal', 'msg');
      assert.match(line, /bad-credentials/);
      slanders = await slander(gateway, line);
      await directory.stop();
      await failWithoutDirectory(gateway);
    });
    after(() => gateway.stop());

    void it('finds who fails to log in, as often as they do, and nobody that they would have it find', () => {
      const all = { ...expected('found'), [slanderer]: slanders };
      assert.deepEqual(counted(failures(file, 'normal', 'ip')), all);
    });

    void it('counts each cause but those of a right password, and of what nobody can guess', () => {
      const lines = failures(file, 'normal', 'msg');
      const at = lines.findIndex((each) => each.includes('wrong-password'));
      const [line = '', address = ''] = [lines[at], failures(file, 'normal', 'ip')[at]];
      const addressOf = (index: number) => `198.51.100.${index}`;
      const withCause = (cause: string, index: number) =>
        line.replace('wrong-password', `${cause}: x`).replaceAll(address, addressOf(index));
      const copy = join(gateway.dir, 'causes.log');
      writeFileSync(copy, refusals.map((cause, index) => `${withCause(cause, index)}\n`).join(''));
      const found = failures(copy, 'normal', 'ip');
      const counts = refusals.filter((_cause, index) => found.includes(addressOf(index)));
      assert.deepEqual(
        refusals.filter((cause) => !counts.includes(cause)),
        uncounted,
      );
    });

    void it('finds who logs in without TLS, and only those, when it is asked to', () => {
      assert.deepEqual(counted(failures(file, 'in-clear', 'ip')), expected('foundInClear'));
    });

    for (const { way, prefix } of log === logs[0] ? prefixes : []) {
      void it(`finds the same in lines ${way}`, () => {
        const copy = join(gateway.dir, 'copy.log');
        writeFileSync(copy, gateway.log().replaceAll(/^(?=[^])/gm, prefix));
        const all = { ...expected('found'), [slanderer]: slanders };
        assert.deepEqual(counted(failures(copy, 'normal', 'ip')), all);
      });
    }
  });
}

async function play(party: Party, gateway: TestGateway): Promise<void> {
  const client = await clientFrom(party.address, gateway, !party.inClear);
  for (const line of party.says) await client.command(line);
  client.destroy();
}

/** Says a line that would be found wherever a client may say something; resolves to the number of failed logins. */
async function slander(gateway: TestGateway, line: string): Promise<number> {
  const logins = hostileLogins(line);
  for (const login of logins) {
    const client = await clientFrom(slanderer, gateway, true);
    await client.command(`AUTH LOGIN ${Buffer.from(login).toString('base64')}`);
    assert.match((await client.command('eA==')).text, /^535 /);
    client.destroy();
  }
  for (const said of hostileLines(line)) {
    const client = await clientFrom(slanderer, gateway, false);
    await client.command(said);
    client.destroy();
  }
  return logins.length;
}

async function failWithoutDirectory(gateway: TestGateway): Promise<void> {
  const client = await clientFrom('203.0.113.80', gateway, true);
  assert.match(
    (await client.command(`AUTH PLAIN ${plain('alice@corp.example', 'wrong too')}`)).text,
    /^454 /,
  );
  client.destroy();
}

void describe('fail2ban with our jail, while a gateway writes', () => {
  for (const log of logs.slice(0, 2)) {
    void it(`bans who guesses too often, timestamps=${log.timestamps}`, async (test) => {
      const directory = await startDirectory({ port: 0, entries: entries() });
      test.after(() => directory.stop());
      const gateway = await startGateway(log, directory.port);
      test.after(() => gateway.stop());
      const fail2ban = await startFail2ban(join(gateway.dir, 'haraka.log'));
      test.after(() => fail2ban.stop());
      assert.deepEqual(fail2ban.jails(), ['gatekeeper']);
      for (let connection = 0; connection < 4; connection += 1) await play(guesser, gateway);
      await play({ ...guesser, address: '203.0.113.2' }, gateway);
      await eventually('the ban', () => fail2ban.banned('gatekeeper').length > 0, 20_000);
      assert.deepEqual(fail2ban.banned('gatekeeper'), [guesser.address]);
    });
  }
});
