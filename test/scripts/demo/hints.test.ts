import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { appEntry, appSettings } from '../../../scripts/demo/app.ts';
import { startDirectory } from '../../../scripts/demo/directory.ts';
import { hints } from '../../../scripts/demo/hints.ts';
import { varDir } from '../../../scripts/demo/instance.ts';
import { entries } from '../../../scripts/demo/people.ts';
import { eventually, startTestGateway, type TestGateway } from '../../support/gateway.ts';

interface Hint {
  readonly what: string;
  readonly expect: string;
  readonly command: string;
}

/** The hints as they are printed: two lines of comment, and a line to paste. */
function hintsIn(text: string): Hint[] {
  const blocks = text.matchAll(/^# (.*)\n# expect: (.*)\n(.*)$/gm);
  return [...blocks].map(([, what = '', expect = '', command = '']) => ({ what, expect, command }));
}

const places = { varDir, sinkDir: 'sink', log: 'log', dir: 'dir', page: 'http://127.0.0.1:4/' };

const printed = hintsIn(hints({ mx: 1, submission: 2, implicit: 3 }, places));

void describe('the commands that scripts/start prints', { concurrency: 4 }, () => {
  let gateway: TestGateway;
  let directory: { readonly port: number; stop(): Promise<void> };
  before(async () => {
    directory = await startDirectory({ port: 0, entries: [...entries(), appEntry(varDir)] });
    const directoryUrl = `ldap://127.0.0.1:${directory.port}`;
    gateway = await startTestGateway({ directoryUrl, settings: appSettings });
  });
  after(async () => {
    await gateway.stop();
    await directory.stop();
  });

  for (const { what, expect } of printed.filter((hint) => /\d{3}/.test(hint.expect))) {
    void it(`${what}: ${expect}`, async () => {
      const { command } = hintsIn(hints(gateway.ports, places)).find((hint) => hint.what === what) ?? {};
      const said = await run(command ?? '');
      for (const [reply] of expect.matchAll(/\d{3}(?: \d\.\d+\.\d+)?/g)) {
        assert.match(said, new RegExp(`^(?:<\\S+\\s+)?${reply.replaceAll('.', '\\.')} `, 'm'));
      }
    });
  }

  void it('are two messages that are delivered, and seven that are refused', async () => {
    assert.equal(printed.filter(({ expect }) => /\b5\d\d\b/.test(expect)).length, 7);
    await eventually('the message', () => gateway.delivered().length > 1);
    assert.deepEqual(
      gateway
        .delivered()
        .flatMap(({ envelope }) => envelope.to)
        .sort(),
      ['bob@corp.example', 'friend@world.example'],
    );
  });

  void it('are two questions, which are answered', async () => {
    await eventually('the message', () => gateway.delivered().length > 1);
    const asked = hintsIn(hints(gateway.ports, { ...places, dir: gateway.dir })).slice(-2);
    const [report = '', trace = ''] = await Promise.all(asked.map(({ command }) => run(command)));
    assert.match(report, /^Mail flow: by identity$/m);
    assert.match(trace, /friend@world\.example: delivered/);
  });
});

/** What a command says, whether or not it succeeds: swaks fails when it is refused. */
function run(command: string): Promise<string> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}
