import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { certificateIn } from '../../scripts/demo/certificates.ts';
import { varDir } from '../../scripts/demo/instance.ts';
import { eventually } from '../support/gateway.ts';
import { freePorts } from '../support/ports.ts';
import { startPostfixRelay, type PostfixRelay } from '../support/postfix-relay.ts';
import { startScene, type Scene } from './provenance-scene.ts';

const messages = Number(process.env['MAIL_SERVER_MESSAGES'] ?? 100);
const account = 'exchange@corp.example';
const many = 1_000_000;
const settings = {
  mail_servers: [
    { name: 'onprem', owner: 'dave', account, domains: ['corp.example'], addresses: ['127.0.0.1'] },
  ],
  limits: { messages_per_hour: many, recipients_per_hour: many },
};

void describe('a mail server that hands its mail to the gateway', () => {
  let scene: Scene;
  let server: PostfixRelay;
  let port: number;
  let folder: string;

  before(async () => {
    scene = await startScene({ settings });
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-mail-server-'));
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, certificateIn(varDir).cert);
    [port] = await freePorts(1);
    server = startPostfixRelay({
      ...{ port: scene.test.ports.submission, implicitTls: false, caFile, folder, listens: port },
      ...{ user: account, password: 'pw-exchange' },
    });
    await eventually('the mail server', () => server.log().includes(' daemon started '), 20_000);
  });
  after(async () => {
    await server.stop();
    await scene.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a program behind the server sends: so many messages of 2000 octets, each to a number before `to`. */
  async function submit(from: string, to: string, count: number): Promise<void> {
    const load = ['-s', String(Math.min(count, 20)), '-m', String(count), '-l', '2000', '-N'];
    await promisify(execFile)('smtp-source', [...load, '-f', from, '-t', to, `127.0.0.1:${port}`]);
  }

  const megabytes = () => {
    const status = readFileSync(`/proc/${scene.test.gateway.process.pid}/status`, 'utf8');
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
  };

  void it(`has each of ${messages} messages delivered, and delivered once`, async (test) => {
    // What the first message needs, the others do not.
    await submit('bob@corp.example', 'first@partner.example', 1);
    await eventually('the first', () => scene.world.taken.length === 1, 20_000);
    const [before, began] = [megabytes(), performance.now()];
    await submit('bob@corp.example', 'many@partner.example', messages);
    await eventually('all of them', () => scene.world.taken.length > messages, 20_000 + messages * 150);
    const took = performance.now() - began;
    await eventually('an empty queue', () => scene.queue().length === 0);
    const reached = scene.world.taken
      .flatMap(({ to }) => to)
      .filter((to) => to.endsWith('many@partner.example'));
    assert.deepEqual([reached.length, new Set(reached).size], [messages, messages]);
    assert.ok(scene.world.taken.every(({ from }) => from === 'bob@corp.example'));
    assert.doesNotMatch(server.log(), /status=(deferred|bounced)/);
    assert.ok(
      scene.test.events().every(({ check, identity }) => check !== 'outbound/gate' || identity === account),
    );
    const memory = `${before} MB before, ${megabytes()} MB after`;
    test.diagnostic(`${(took / messages).toFixed(1)} ms for each; the gateway has ${memory}`);
  });

  void it('is told of a sender that is not one of its own, who gets it back', async () => {
    const taken = scene.world.taken.length;
    await submit('stranger@far.example', 'foreign@partner.example', 1);
    await eventually('a bounce', () => /status=bounced .*553 5\.7\.1 /.exec(server.log()), 20_000);
    await eventually('it to arrive', () => scene.world.taken.length > taken, 20_000);
    const [bounce, ...more] = scene.world.taken.slice(taken);
    assert.deepEqual([bounce?.from, bounce?.to, more.length], ['', ['stranger@far.example'], 0]);
    assert.match(bounce?.lines.join('\n') ?? '', /^Diagnostic-Code: smtp; 553 5\.7\.1 /m);
  });
});
