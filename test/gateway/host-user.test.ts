import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startDirectory } from '../../scripts/demo/directory.ts';
import { startGateway, writeInstance, type Gateway } from '../../scripts/demo/gateway.ts';
import { entries } from '../../scripts/demo/people.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually } from '../support/gateway.ts';
import { freePorts } from '../support/ports.ts';
import { alice, send } from './traffic.ts';

// Haraka is started by root and becomes nobody once it listens, as `user` of smtp.ini says.

interface Change {
  readonly it: string;
  /** Done by root, in the directory of a Haraka whose files nobody can read and whose queue is nobody's. */
  readonly change: (dir: string) => void;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What `check` says, without the path of the directory. */
  readonly says: readonly string[];
}

const mine = (dir: string, ...names: string[]) => {
  mkdirSync(join(dir, ...names), { recursive: true, mode: 0o755 });
  chmodSync(join(dir, ...names), 0o700);
};

const troubles: readonly Change[] = [
  {
    it: 'whose data_directory is root’s',
    change: (dir) => mine(dir, 'var/gatekeeper'),
    says: [
      'data_directory: nobody cannot write DIR/var/gatekeeper (EACCES): chown -R nobody:nogroup DIR/var/gatekeeper',
    ],
  },
  {
    it: 'whose data_directory is below a folder that only root may enter',
    change: (dir) => mine(dir, 'var'),
    says: [
      'data_directory: nobody cannot reach DIR/var/gatekeeper, since DIR/var cannot be entered (EACCES): chmod o+x DIR/var',
    ],
  },
  {
    it: 'in whose data_directory root has left something',
    change: (dir) => {
      mine(dir, 'var/gatekeeper/suspended');
      execFileSync('chown', ['nobody', join(dir, 'var/gatekeeper')]);
    },
    says: [
      'data_directory: nobody cannot write DIR/var/gatekeeper/suspended (EACCES): chown -R nobody:nogroup DIR/var/gatekeeper',
    ],
  },
  {
    it: 'whose spool is root’s',
    settings: { audit: { spool_directory: 'spool' } },
    change: (dir) => mine(dir, 'spool'),
    says: [
      'audit.spool_directory: nobody cannot write DIR/spool (EACCES): chown -R nobody:nogroup DIR/spool',
    ],
  },
  {
    it: 'whose secrets only root can read',
    change: (dir) =>
      ['gatekeeper.yaml', 'tls_key.pem', 'ldap.password'].forEach((name) => {
        execFileSync('chown', ['root', join(dir, 'config', name)]);
        chmodSync(join(dir, 'config', name), 0o600);
      }),
    says: ['gatekeeper.yaml', 'tls_key.pem', 'ldap.password'].map(
      (name) =>
        `nobody cannot read DIR/config/${name} (EACCES): chgrp nogroup DIR/config/${name} && chmod g+rX DIR/config/${name}`,
    ),
  },
];

const isRoot = process.getuid?.() === 0;

void describe(
  'a Haraka that becomes nobody',
  { skip: !isRoot && 'only root can become somebody else' },
  () => {
    for (const nodes of [0, 1]) {
      void it(`keeps events in a folder that it was given, with nodes=${nodes}`, async () => {
        await withHaraka({ nodes }, async (dir, start) => {
          assert.deepEqual(await checked(dir), []);
          assert.ok(!existsSync(join(dir, 'var')), 'check makes nothing');
          const { gateway, submission, http } = await start();
          assert.match(await sent(submission), /^250/);
          assert.equal((await fetch(`http://127.0.0.1:${http}/health`)).status, 200);
          assert.equal(statSync(join(dir, 'var/gatekeeper')).uid, statSync(join(dir, 'queue')).uid);
          assert.doesNotMatch(gateway.log(), /\[CRIT\]/);
          // What the primary has made as root belongs to it, too.
          assert.deepEqual(await checked(dir), []);
        });
      });

      void it(`is not well where it cannot keep them, and says why, with nodes=${nodes}`, async () => {
        await withHaraka({ nodes }, async (dir, start) => {
          const data = join(dir, 'var/gatekeeper');
          mine(dir, 'var/gatekeeper');
          const { gateway, submission, http } = await start();
          await eventually(
            'the reason in the log',
            () => gateway.log().includes(`nobody cannot write ${data} (EACCES)`),
            60_000,
          );
          // AUTH is deferred, as who is suspended cannot be told; the session has an event.
          await assert.rejects(sent(submission));
          const health = async () => {
            const answer = await fetch(`http://127.0.0.1:${http}/health`);
            return { code: answer.status, ...((await answer.json()) as { status: string; events?: string }) };
          };
          await until(async () => (await health()).code === 503);
          const { status, events = '' } = await health();
          assert.equal(status, 'no-mail');
          assert.match(events, /EACCES.*; spool: EACCES/);
          await eventually(
            'both in the log',
            () =>
              /cannot be used, nor can the spool \(EACCES.*\), mail is deferred: .*EACCES/.test(
                gateway.log(),
              ),
            60_000,
          );
          assert.doesNotMatch(gateway.log(), /events are spooled/);
          execFileSync('chown', ['-R', 'nobody', data]);
          await until(async () => (await health()).code === 200);
          assert.match(await sent(submission), /^250/);
        });
      });
    }
  },
);

void describe(
  'gatekeeper check of a Haraka',
  { skip: !isRoot && 'only root can become somebody else' },
  () => {
    for (const { it: title, change, settings, says } of troubles) {
      void it(`${title}: tells what nobody cannot do, and what mends it`, async () => {
        await withHaraka({ settings }, async (dir) => {
          change(dir);
          assert.deepEqual(await checked(dir), says);
        });
      });
    }

    void it('with a user that does not exist', async () => {
      await withHaraka({ user: 'no-such-user' }, async (dir) => {
        const [problem = ''] = await checked(dir);
        assert.match(problem, /^config\/smtp\.ini: user=no-such-user, group=nogroup: /);
      });
    });
  },
);

interface Options {
  readonly nodes?: number;
  readonly user?: string;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

type Start = () => Promise<{ gateway: Gateway; submission: number; http: number }>;

async function withHaraka(
  { nodes = 0, user = 'nobody', settings }: Options,
  work: (dir: string, start: Start) => Promise<void>,
): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-user-'));
  const directory = await startDirectory({ port: 0, entries: entries() });
  const [mx, submission, implicit, http] = await freePorts(4);
  const ports = { mx, submission, implicit, http };
  const smtp = [
    `listen=${[mx, submission, implicit].map((port) => `127.0.0.1:${port}`).join(',')}`,
    ...[`smtps_port=${implicit}`, `nodes=${nodes}`, `user=${user}`, 'group=nogroup', ''],
  ];
  const options = {
    ...{ dir: join(base, 'haraka'), ports, sinkPort: 1, settings },
    ...{ directoryUrl: `ldap://127.0.0.1:${directory.port}`, packageDir: process.env['GATEKEEPER_PACKAGE'] },
    config: { 'smtp.ini': smtp.join('\n') },
  };
  const dir = writeInstance(options);
  chmodSync(base, 0o755);
  execFileSync('chgrp', ['-R', 'nogroup', join(dir, 'config')]);
  execFileSync('chmod', ['-R', 'g+rX', join(dir, 'config')]);
  execFileSync('chown', ['nobody', join(dir, 'queue')]);
  let gateway: Gateway | undefined;
  try {
    await work(dir, async () => {
      gateway = await startGateway({ ...options, reuse: true });
      return { gateway, submission, http };
    });
  } finally {
    await gateway?.stop();
    await directory.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

/** What speaks against it, without the path of its directory. */
async function checked(dir: string): Promise<readonly string[]> {
  const { out, err } = await gatekeeper(['check', '--json', '--timeout', '60'], { haraka: dir });
  const { problems = [] } = JSON.parse(out || err) as { problems?: readonly string[] };
  return problems.map((problem) => problem.replaceAll(dir, 'DIR'));
}

async function sent(port: number): Promise<string> {
  const client = await alice({ port });
  try {
    return (await send(client, { from: 'alice@corp.example', to: 'friend@world.example' })).text;
  } finally {
    client.destroy();
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await isSo());) {
    assert.ok(Date.now() < end, 'it stays so');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
