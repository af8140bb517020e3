import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries } from '../../scripts/demo/people.ts';
import { gatekeeper } from '../support/command.ts';
import {
  eventually,
  eventsWith,
  eventWith,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { plain } from '../support/smtp.ts';
import { alice, home, login, right, session, settings, stranger } from './guesser.ts';

let slapd: Slapd;
before(async () => {
  slapd = await startSlapd({ ldif: ldif(entries()) });
});
after(() => slapd.stop());

const start = (options: TestGatewayOptions = {}) =>
  startTestGateway({ directoryUrl: slapd.url, settings, ...options });

/** How many of so many guesses were refused, and not put off. */
async function guess(
  gateway: TestGateway,
  times: number,
  attempt: (number: number) => readonly [address: string, who?: string | undefined, password?: string],
): Promise<number> {
  let [next, tried] = [0, 0];
  const guessOn = async () => {
    for (let number = next++; number < times; number = next++) {
      const [address, who = alice, password = `guess-${number}`] = attempt(number);
      const text = await login(gateway, address, who, password);
      assert.match(text, /^(535 5\.7\.8|454 4\.7\.0 Too many failed logins, wait and try again) /);
      if (text.startsWith('535')) tried += 1;
    }
  };
  await Promise.all(Array.from({ length: 10 }, guessOn));
  return tried;
}

for (const { nodes, networks } of [
  { nodes: 0, networks: 300 },
  { nodes: 2, networks: 100 },
]) {
  void describe(`a gateway with nodes=${nodes}, whose users somebody guesses at`, () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await start({ nodes });
    });
    after(() => gateway.stop());

    void it(`lets the owner in at home while ${networks} networks guess, and ten are heard`, async () => {
      assert.equal(await right(gateway, home), '235 2.7.0');
      assert.equal(await guess(gateway, networks, (number) => [stranger(number)]), 10);
      assert.equal(await right(gateway, home), '235 2.7.0');
      assert.equal(await right(gateway, '192.0.2.77'), '235 2.7.0');
      assert.equal(await right(gateway, '198.51.100.1'), '454 4.7.0');
      const asked = await eventsWith(gateway, { check: 'auth/login', reason: 'bad-credentials' }, 10);
      assert.equal(asked.length, 10);
    });

    void it('says how long to wait, to the client and in one line of the log, and then closes', async () => {
      const client = await session(gateway, '198.51.100.2');
      const attempt = `AUTH PLAIN ${plain(alice, 'guess')}`;
      const first = await client.command(attempt);
      assert.match(
        first.text,
        /^454 4\.7\.0 Too many failed logins, wait and try again \(\S+ auth\/login\) Try again in (\d+ s|\d minutes)\. See/,
      );
      assert.match((await client.command(attempt)).text, /^421 4\.7\.0 Too many failed logins \(/);
      assert.ok(await client.closed());
      const lines = gateway.log().split('\n');
      assert.ok(
        lines.some((line) =>
          /defer ref="\S+ auth\/login" check="auth\/login" reason="login-throttled" .*login="alice@corp\.example" client="198\.51\.100\.2" value="failures of the account from unknown networks: one more in \d+ s" reply="454 /.test(
            line,
          ),
        ),
      );
    });

    void it('answers for who does not exist alike', async () => {
      const tried = await guess(gateway, 40, (number) => [stranger(number), 'nobody@corp.example']);
      assert.equal(tried, 10);
    });

    void it('is not deceived by other spellings', async () => {
      const names = [
        'bob@corp.example',
        'BOB@Corp.Example',
        ' bob@corp.example',
        'bob+x@corp.example',
        'ｂob@corp.example',
      ];
      const tried = await guess(gateway, 50, (number) => [stranger(number), names[number % names.length]]);
      assert.equal(tried, 10);
    });

    void it('takes the addresses of a /64 for one', async () => {
      const tried = await guess(gateway, 60, (number) => [
        `2001:db8:0:1::${number.toString(16)}`,
        `user-${number}@corp.example`,
      ]);
      assert.equal(tried, 20);
    });

    void it('lets the office in, where one device has an old password and another one guesses', async () => {
      const office = '203.0.113.5';
      assert.equal(await right(gateway, office, 'carol'), '235 2.7.0');
      assert.equal(await guess(gateway, 40, () => [office, 'carol@corp.example', 'old']), 40);
      assert.equal(await right(gateway, office, 'carol'), '235 2.7.0');
      const tried = await guess(gateway, 60, (number) => [office, `scanner-${number % 7}@corp.example`]);
      assert.ok(tried < 21, `${tried}`);
      assert.equal(await right(gateway, office, 'carol'), '235 2.7.0');
    });

    void it('tells of spraying in an event', async () => {
      await eventually('the event', () =>
        gateway
          .events()
          .some(({ check, detail }) => check === 'auth/guessing' && detail?.startsWith('spraying: ')),
      );
      assert.match(gateway.log(), /guessing: spraying: many accounts are tried from one network, client=/);
    });
  });
}

void describe('a gateway that somebody guesses at', () => {
  let data: string;
  before(() => {
    data = mkdtempSync(join(tmpdir(), 'gatekeeper-data-'));
  });
  after(() => rmSync(data, { recursive: true, force: true }));

  void it('keeps its counters, and who is known from where, when it is killed', async () => {
    const options = { nodes: 2, settings: { ...settings, data_directory: join(data, 'killed') } };
    const before = await start(options);
    assert.equal(await right(before, home), '235 2.7.0');
    assert.equal(await guess(before, 40, (number) => [stranger(number)]), 10);
    process.kill(-(before.gateway.process.pid ?? 0), 'SIGKILL');
    await before.stop();
    const again = await start(options);
    try {
      assert.equal(await right(again, home), '235 2.7.0');
      assert.equal(await right(again, '198.51.100.1'), '454 4.7.0');
    } finally {
      await again.stop();
    }
  });

  void it('is told by the command to forget, and shows what it counts', async () => {
    const gateway = await start();
    const command = (...args: string[]) => gatekeeper(args, { haraka: gateway.dir });
    try {
      const early = await command('forget', alice);
      // The gateway opens its store when it begins to serve.
      assert.deepEqual(
        [early.code, early.out],
        [0, `forgotten: what was counted against the account ${alice}\n`],
      );
      await right(gateway, home);
      await guess(gateway, 40, (number) => [stranger(number)]);
      const shown = await command('login', alice, '--no-password');
      assert.match(shown.out, /^failures {5}10 of 10, one more in \d+ s, from unknown networks$/m);
      assert.match(shown.out, /^known from {3}192\.0\.2\.0\/24: 0 of 10$/m);
      const json = JSON.parse((await command('login', alice, '--no-password', '--json')).out) as {
        guessing: { unknown_networks: { failures: number }; known_networks: { network: string }[] };
      };
      assert.equal(json.guessing.unknown_networks.failures, 10);
      assert.deepEqual(
        json.guessing.known_networks.map(({ network }) => network),
        ['192.0.2.0/24'],
      );
      assert.equal(await right(gateway, '198.51.100.1'), '454 4.7.0');
      assert.equal((await command('forget', 'Alice@corp.example')).code, 0);
      assert.equal(await right(gateway, '198.51.100.1'), '235 2.7.0');

      const sprayed = await guess(gateway, 30, (number) => ['203.0.113.9', `user-${number}@corp.example`]);
      assert.equal(sprayed, 20);
      assert.equal(await right(gateway, '203.0.113.9'), '454 4.7.0');
      const forgotten = await command('forget', '203.0.113.9', '--json');
      assert.deepEqual(JSON.parse(forgotten.out), {
        kind: 'network',
        network: '203.0.113.9',
        forgotten: true,
      });
      assert.equal(await right(gateway, '203.0.113.9'), '235 2.7.0');

      // Whoever had its password may have made a network known.
      const unknown = await command('forget', alice, '--networks');
      assert.deepEqual(
        [unknown.code, unknown.out],
        [0, `forgotten: what was counted against the account ${alice}, and from where it is known\n`],
      );
      assert.match((await command('login', alice, '--no-password')).out, /^known from {3}\(no network\)$/m);
      assert.equal(await guess(gateway, 40, (number) => [stranger(number), alice, `new-${number}`]), 10);
      assert.equal(await right(gateway, home), '454 4.7.0');
    } finally {
      await gateway.stop();
    }
  });

  void it('drops what it remembers of an account that is forgotten', async () => {
    const own = await startSlapd({ ldif: ldif(entries()) });
    const gateway = await start({ nodes: 2, directoryUrl: own.url });
    try {
      for (let number = 0; number < 16; number += 1) assert.equal(await right(gateway, home), '235 2.7.0');
      await own.kill();
      assert.equal(await right(gateway, home), '235 2.7.0', 'it is remembered');
      const { code } = await gatekeeper(['forget', alice], { haraka: gateway.dir });
      assert.equal(code, 0);
      for (let number = 0; number < 6; number += 1) assert.equal(await right(gateway, home), '454 4.7.0');
    } finally {
      await gateway.stop();
      await own.stop();
    }
  });

  void it('counts in memory, and says so, while its store is broken; nobody is locked out, nobody guesses on', async () => {
    const directory = join(data, 'broken');
    mkdirSync(directory);
    writeFileSync(
      join(directory, 'gatekeeper.db'),
      'no database at all, as long as it needs to be'.repeat(200),
    );
    const gateway = await start({ settings: { ...settings, data_directory: directory } });
    try {
      await eventually('the complaint', () =>
        /CRIT.*the shared store cannot be used, this process counts alone in its memory: .*not a database/.test(
          gateway.log(),
        ),
      );
      assert.equal(await right(gateway, home), '235 2.7.0');
      assert.equal(await guess(gateway, 100, (number) => [stranger(number)]), 10);
      assert.equal(await right(gateway, home), '235 2.7.0');
      assert.equal(gateway.log().match(/cannot be used/g)?.length, 1);
      const shown = await gatekeeper(['forget', alice], { haraka: gateway.dir });
      assert.equal(shown.code, 69);
      assert.match(shown.err, /^gatekeeper: .*broken\/gatekeeper\.db: .*not a database/);
    } finally {
      await gateway.stop();
    }
  });

  void it('puts off hydra, which has the right password in its list, while the owner logs in', async () => {
    const gateway = await start();
    try {
      // Hydra comes from loopback, and so does nobody else.
      assert.equal(await right(gateway, home), '235 2.7.0');
      const list = join(data, 'passwords.txt');
      const passwords = Array.from({ length: 200 }, (_, number) => `guess-${number}`);
      writeFileSync(list, [...passwords, 'pw-alice'].join('\n'));
      const target = `smtp://127.0.0.1:${gateway.ports.submission}/TLS:PLAIN`;
      const args = ['-I', '-l', alice, '-P', list, '-t', '4', '-W', '0', '-f', target];
      const { out } = await run('/usr/bin/hydra', args, () => right(gateway, home));
      assert.doesNotMatch(out, /password: pw-alice/);
      const mine = { check: 'auth/login', client: '127.0.0.1' };
      await eventWith(gateway, { ...mine, reason: 'login-throttled' });
      const logins = await eventsWith(gateway, mine, 11);
      assert.equal(logins.filter(({ reason }) => reason === 'bad-credentials').length, 10, out);
      assert.ok(logins.some(({ reason }) => reason === 'login-throttled'));
      assert.ok(logins.every(({ verdict }) => verdict !== 'pass'));
      assert.equal(await right(gateway, home), '235 2.7.0');
    } finally {
      await gateway.stop();
    }
  });
});

/** Runs a program to its end, or for eight seconds; meanwhile the owner logs in. */
async function run(
  program: string,
  args: readonly string[],
  owner: () => Promise<string>,
): Promise<{ out: string }> {
  const child = spawn(program, args, { cwd: tmpdir() });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (out += data.toString()));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve());
    child.once('error', reject);
  });
  const timer = setTimeout(() => child.kill(), 8000);
  while (child.exitCode === null && child.signalCode === null) {
    assert.equal(await owner(), '235 2.7.0');
    await Promise.race([ended, delay(200)]);
  }
  clearTimeout(timer);
  await ended;
  return { out };
}
