import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { cpuMs, parseStat, treeTicks } from '../../../scripts/benchmarks/cpu.ts';
import { eventually } from '../../support/gateway.ts';

/** A line of /proc/PID/stat; the four times are its fields 14 to 17. */
const stat = (name: string, times: string) =>
  `42 (${name}) S 7 42 42 0 -1 4194560 100 200 0 0 ${times} 20 0 1 0 12345 1000 200 18446744073709551615\n`;

void describe('the CPU time of a process', () => {
  for (const name of ['smtpd', 'tmux: server', 'a) R 1 (b']) {
    void it(`is read when its name is "${name}"`, () => {
      assert.deepEqual(parseStat(stat(name, '1 20 300 4000')), { pid: 42, parent: 7, ticks: 4321 });
    });
  }

  for (const line of ['', '42 smtpd S 7', stat('smtpd', '1 2 three 4')]) {
    void it(`is not read from ${JSON.stringify(line.slice(0, 20))}`, () => {
      assert.throws(() => parseStat(line), /no process/);
    });
  }

  void it('counts all that descend from the roots, and nothing else, in whatever order they come', () => {
    const processes = [
      { pid: 4, parent: 3, ticks: 1000 },
      { pid: 3, parent: 2, ticks: 100 },
      { pid: 2, parent: 1, ticks: 10 },
      { pid: 9, parent: 1, ticks: 7 },
      { pid: 1, parent: 0, ticks: 1 },
    ];
    assert.equal(treeTicks(processes, [2]), 1110);
    assert.equal(treeTicks(processes, [2, 3, 9]), 1117);
    assert.equal(treeTicks(processes, [5]), 0);
  });

  void it('includes what a child has used, while it runs and after it has ended', async () => {
    // The shell waits for its child, which works for half a second, and then for us.
    const work = 'const end = Date.now() + 500; while (Date.now() < end);';
    const shell = spawn('sh', ['-c', `"$0" -e '${work}'; echo done; read -r _`, process.execPath]);
    const { pid } = shell;
    assert.ok(pid);
    const [busy] = await Promise.all([
      eventually('a child at work', () => cpuMs([pid]) || undefined),
      once(shell.stdout, 'data'),
    ]);
    assert.ok(cpuMs([pid]) >= busy);
    shell.stdin.end();
    await once(shell, 'exit');
    assert.equal(cpuMs([pid]), 0);
  });
});
