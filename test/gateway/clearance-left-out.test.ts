import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startTestGateway } from '../support/gateway.ts';
import { root } from '../support/pages.ts';
import { plugin } from './other-haraka.ts';
import { alice, send } from './traffic.ts';

/** A core that differs from ours in one place: there a check is not asked, or what it cleared is not kept. */
interface Difference {
  readonly it: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const run = 'core/haraka/checks/run.js';
const kept = 'clearances.set(check.name, { ...clearance, ...(judged && { judged }) });';
const ofMessage = (stage: string): Difference => ({
  it: `the clearance of a check at ${stage} is left out`,
  file: run,
  from: kept,
  to: `{ if (check.stage !== '${stage}') ${kept} }`,
});
const unasked = (stage: string): Difference => ({
  it: `a check at ${stage} is not asked`,
  file: 'core/haraka/checks/installed.js',
  from: 'runCheck(check, ',
  to: `if (check.stage === '${stage}' && check.name.startsWith('own/')) next(); else runCheck(check, `,
});

const differences: readonly Difference[] = [
  ...['session', 'mail', 'message', 'outbound'].map(ofMessage),
  {
    it: 'the clearance for a recipient is left out',
    file: run,
    from: 'recipients.add(recipient.format().slice(1, -1));',
    to: '',
  },
  {
    it: 'the clearance of a session is left out',
    file: run,
    from: 'record.clearances.set(name, clearance);',
    to: 'return;',
  },
  {
    it: 'the clearance of a login is left out',
    file: 'core/haraka/checks/login.js',
    from: 'clearances.set(each.check.name, clearance);',
    to: 'continue;',
  },
  ...['connect', 'mail', 'rcpt', 'message', 'outbound'].map(unasked),
];

void describe('mail that passes every check', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-core-'));
  symlinkSync(join(root, 'node_modules'), join(base, 'node_modules'));
  after(() => rmSync(base, { recursive: true }));

  /** What the message is answered by a gateway of this core. */
  async function answerOf(difference?: Difference): Promise<string> {
    const copy = join(base, 'package');
    rmSync(copy, { recursive: true, force: true });
    cpSync(join(root, 'dist'), copy, { recursive: true });
    if (difference) {
      const file = join(copy, difference.file);
      const parts = readFileSync(file, 'utf8').split(difference.from);
      assert.equal(
        parts.length,
        2,
        `${difference.file} has it ${parts.length - 1} times: ${difference.from}`,
      );
      writeFileSync(file, parts.join(difference.to));
    }
    process.env['GATEKEEPER_PACKAGE'] = copy;
    const test = await startTestGateway({ last: [plugin('own-checks')] });
    try {
      const client = await alice({ port: test.ports.submission });
      const { text } = await send(client, { from: 'alice@corp.example', to: 'friend@partner.example' });
      client.destroy();
      return text;
    } finally {
      delete process.env['GATEKEEPER_PACKAGE'];
      await test.stop();
    }
  }

  void it('is accepted', async () => {
    assert.match(await answerOf(), /^250 /);
  });

  for (const difference of differences) {
    void it(`is refused where ${difference.it}`, async () => {
      assert.match(await answerOf(difference), /^550 5\.7\.1 Message did not pass every check/);
    });
  }
});
