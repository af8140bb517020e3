import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gatekeeper, startGatekeeper } from '../support/command.ts';

void describe('gatekeeper with a command line that cannot be meant', () => {
  const cases = [
    {
      it: 'does not repeat the value of an option that it does not know, which may be a password',
      args: ['login', 'alice@corp.example', '--password=pw-alice'],
      says: "unknown option '--password'",
    },
    {
      it: 'nor what stands right behind a short one',
      args: ['login', 'alice@corp.example', '-ppw-alice'],
      says: "unknown option '-p'",
    },
    {
      it: 'names such an option',
      args: ['events', '--refuse'],
      says: "unknown option '--refuse'\n(Did you mean --refused?)",
    },
    {
      it: 'shows control characters, and does not send them to the terminal',
      args: ['login', '--\x1b]0;x\x07'],
      says: "unknown option '--\\u001b]0;x\\u0007'",
    },
  ] as const;
  for (const { it: title, args, says } of cases) {
    void it(title, async () => {
      assert.deepEqual(await gatekeeper(args), { code: 64, out: '', err: `error: ${says}\n` });
      const { code, out, err } = await gatekeeper(['--json', ...args]);
      assert.deepEqual([code, err], [64, '']);
      assert.ok(!out.includes('pw-alice') && !out.includes('\x1b'), out);
      assert.equal(typeof (JSON.parse(out) as { error: unknown }).error, 'string');
    });
  }

  void it('has the same exit code when nobody reads why', async () => {
    const child = startGatekeeper(['nonsense']);
    child.stderr.destroy();
    const code = await new Promise((settle) => child.once('close', settle));
    assert.equal(code, 64);
  });
});
