import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { greeted } from '../../gateway/traffic.ts';

const shipped = readFileSync(
  join(import.meta.dirname, '../../../config/system/logrotate.d/gatekeeper'),
  'utf8',
);
const nameOf = (what: 'u' | 'g') => execFileSync('id', [`-n${what}`], { encoding: 'utf8' }).trim();

void describe('logrotate on the log of a running gateway', () => {
  let gateway: TestGateway;
  let config: string;
  before(async () => {
    gateway = await startTestGateway({ nodes: 2 });
    chmodSync(gateway.dir, 0o750);
    config = join(gateway.dir, 'logrotate.conf');
    const owner = `su ${nameOf('u')} ${nameOf('g')}`;
    const ours = shipped.replaceAll('/var/log/haraka', gateway.dir).replace('su haraka haraka', owner);
    writeFileSync(config, ours, { mode: 0o640 });
    mkdirSync(join(gateway.dir, 'state'));
  });
  after(() => gateway.stop());

  const logrotate = (...flags: string[]) =>
    execFileSync('/usr/sbin/logrotate', ['-s', join(gateway.dir, 'state/status'), ...flags, config], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  const files = () => readdirSync(gateway.dir).filter((file) => file.startsWith('haraka.log'));
  const read = (name: string) => readFileSync(join(gateway.dir, name), 'utf8');

  /** Lets both workers write. */
  async function say(sender: string): Promise<void> {
    for (let session = 0; session < 4; session += 1) {
      const client = await greeted({ port: gateway.ports.mx });
      await client.command(`MAIL FROM:<${sender}@corp.example>`);
      client.destroy();
    }
    await eventually(`${sender} in the log`, () =>
      read('haraka.log').includes(`value="${sender}@corp.example: `),
    );
  }

  void it('takes the file', () => {
    logrotate('-d');
    assert.deepEqual(files(), ['haraka.log']);
  });

  void it('copies the log and empties it; Haraka goes on at its beginning', async () => {
    await say('first');
    logrotate('-f');
    assert.match(read('haraka.log.1'), /value="first@corp\.example: SPF fail/);
    await say('second');
    const log = read('haraka.log');
    assert.doesNotMatch(log, /\0|first@/);
    assert.doesNotMatch(read('haraka.log.1'), /second@/);
  });

  void it('compresses what is older', async () => {
    await say('third');
    logrotate('-f');
    assert.deepEqual(files(), ['haraka.log', 'haraka.log.1', 'haraka.log.2.gz']);
    const oldest = execFileSync('zcat', [join(gateway.dir, 'haraka.log.2.gz')], { encoding: 'utf8' });
    assert.match(oldest, /value="first@corp\.example: SPF fail/);
  });

  void it('leaves the events alone, which have all of it', async () => {
    const said = () => gateway.events().filter(({ reason }) => reason === 'spf-fail');
    await eventually('twelve events', () => said().length === 12);
    const senders = ['first', 'second', 'third'].map((each) => `${each}@corp.example`);
    assert.deepEqual([...new Set(said().map(({ sender }) => sender))], senders);
  });
});
