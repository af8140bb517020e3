import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { root } from '../support/pages.ts';
import { plugin } from './other-haraka.ts';
import { alice, send } from './traffic.ts';

/** Where the core can leave something out: there a check is not asked, or what it cleared is not kept. */
interface Place {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const run = 'core/haraka/checks/run.js';
const kept = 'clearances.set(check.name, { ...clearance, ...(judged && { judged }) });';

/** What leaves-out.js says is left out at the moment is. */
const places: readonly Place[] = [
  {
    file: run,
    from: kept,
    to: `{ if (!process.leavesOut('the clearance of a check at ' + check.stage)) ${kept} }`,
  },
  unless(run, 'the clearance for a recipient', 'recipients.add(recipient.format().slice(1, -1));'),
  unless(run, 'the clearance of a session', 'record.clearances.set(name, clearance);'),
  unless(
    'core/haraka/checks/login.js',
    'the clearance of a login',
    'clearances.set(each.check.name, clearance);',
  ),
  {
    file: 'core/haraka/checks/installed.js',
    from: 'runCheck(check, ',
    to: `if (process.leavesOut('a check of others at ' + check.stage) && check.name.startsWith('own/')) next(); else runCheck(check, `,
  },
];

function unless(file: string, what: string, from: string): Place {
  return { file, from, to: `if (!process.leavesOut('${what}')) ${from}` };
}

const leftOut = [
  ...['session', 'mail', 'message', 'outbound'].map((stage) => `the clearance of a check at ${stage}`),
  'the clearance for a recipient',
  'the clearance of a session',
  'the clearance of a login',
  ...['connect', 'mail', 'rcpt', 'message', 'outbound'].map((stage) => `a check of others at ${stage}`),
];

/** A copy of the package whose core can leave out what `places` say. */
function copyInto(base: string): string {
  const copy = join(base, 'package');
  symlinkSync(join(root, 'node_modules'), join(base, 'node_modules'));
  cpSync(join(root, 'dist'), copy, { recursive: true });
  for (const { file, from, to } of places) {
    const path = join(copy, file);
    const parts = readFileSync(path, 'utf8').split(from);
    assert.equal(parts.length, 2, `${file} has it ${parts.length - 1} times: ${from}`);
    writeFileSync(path, parts.join(to));
  }
  return copy;
}

void describe('mail that passes every check', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-core-'));
  let test: TestGateway;
  before(async () => {
    const packageDir = copyInto(base);
    test = await startTestGateway({
      packageDir,
      first: [plugin('leaves-out')],
      last: [plugin('own-checks')],
    });
  });
  after(async () => {
    await test.stop();
    rmSync(base, { recursive: true });
  });

  /** What the message is answered where the core leaves something out. */
  async function answerWithout(what: string): Promise<string> {
    writeFileSync(join(test.dir, 'left-out'), what);
    const client = await alice({ port: test.ports.submission });
    const { text } = await send(client, { from: 'alice@corp.example', to: 'friend@partner.example' });
    client.destroy();
    return text;
  }

  void it('is accepted where nothing is left out', async () => {
    assert.match(await answerWithout('nothing'), /^250 /);
  });

  for (const what of leftOut) {
    void it(`is refused where ${what} is left out`, async () => {
      assert.match(await answerWithout(what), /^550 5\.7\.1 Message did not pass every check/);
      assert.match(await answerWithout('nothing'), /^250 /);
    });
  }
});
