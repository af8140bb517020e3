import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Lower than the tests, which must not wait for it: it takes what they leave. */
const nice = 10;

/**
 * Begins to check the code of the project beside its tests; resolves to whether it is good. What the check says is kept together
 * and printed once it has ended.
 */
export async function checkCode(): Promise<boolean> {
  const child = spawn('nice', ['-n', `${nice}`, 'npm', 'run', '--silent', 'check:built'], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  console.log(`\n== npm run check: ${code === 0 ? 'good' : 'FAILED'}\n${said.trimEnd()}\n`);
  return code === 0;
}
