import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { gatekeeper, peopleBase } from '../../scripts/demo/people.ts';
import { readStore, type StoredMessage } from '../../scripts/demo/mailstore.ts';
import { eventually } from '../support/gateway.ts';
import { configure, edited, gatekeeperLines } from './configure.ts';
import { startHaraka, type Haraka } from './haraka.ts';
import { installHost, installPackages, named, type Site } from './operator.ts';
import { surroundingsOf, type Surroundings } from './scene.ts';
import { environment } from './shell.ts';

/** What a program printed, and how it ended. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** With what it printed on stderr. */
  readonly output: string;
}

/** Runs a command line as an operator would in the instance. */
function shell({ instance, haraka }: Site, line: string, more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const path = [dirname(haraka), environment['PATH']].join(delimiter);
  const options = { cwd: instance, env: { ...environment, PATH: path, ...more }, timeout: 60_000 };
  return new Promise((resolve) => {
    execFile('bash', ['--norc', '-euc', line], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, output: stdout + stderr });
    });
  });
}

/** Ours before and after: the old plugins refuse neither. */
const letters = {
  own: '--from alice@corp.example --h-From alice@corp.example',
  forgedSender: '--from bob@corp.example --h-From alice@corp.example',
  forgedHeader: '--from alice@corp.example --h-From "Bob <bob@corp.example>"',
};

/** Sends a message with swaks, logged in over STARTTLS. */
function swaks(site: Site, around: Surroundings, letter: keyof typeof letters, password = 'pw-alice') {
  const login = `--tls --auth PLAIN --auth-user alice --auth-password ${password}`;
  const server = `--server 127.0.0.1 --port ${around.ports.submission} --to friend@world.example`;
  return shell(site, `swaks ${server} ${login} ${letters[letter]} --h-Subject ${letter}`);
}

/** What the domains of senders publish. */
const zone = {
  'partner.example': [{ TXT: 'v=spf1 ip4:127.0.0.1 -all' }],
  'forged.example': [{ TXT: 'v=spf1 ip4:192.0.2.1 -all' }],
  'corp.example': [{ TXT: 'v=spf1 ip4:192.0.2.1 ?all' }],
} as const;

/** Brings a message as another server does. */
function fromOutside(site: Site, { ports }: Surroundings, sender: string) {
  const server = `--server 127.0.0.1 --port ${ports.mx} --helo mx.partner.example`;
  return shell(site, `swaks ${server} --from ${sender} --h-From ${sender} --to alice@corp.example`);
}

/** A Haraka with auth-ldap, under the name that it had before it became a package, and spf. */
function configureOldPlugins(site: Site, around: Surroundings): void {
  configure(site, around, { queue: 'smtp_forward', gatekeeper: false });
  const config = (file: string) => join(site.instance, 'config', file);
  const plugins = edited(readFileSync(config('plugins'), 'utf8'), [
    ['# auth/flat_file', 'auth/auth_ldap'],
    ['# spf', 'spf'],
  ]);
  writeFileSync(config('plugins'), plugins);
  const core = `[core]\nserver=ldaps://127.0.0.1:${around.directoryPort}\nrejectUnauthorized=false\n`;
  writeFileSync(config('auth_ldap.ini'), `${core}\n[dns]\npeople=uid=%u,${peopleBase}\n`);
  writeFileSync(config('spf.ini'), '[deny]\nmfrom_fail=true\n\n[skip]\nauth=true\n');
}

/** What the operator does in the editor: the marked lines, the role of a port that is not 25, the DNS, and the password. */
function writeEditor({ root, instance }: Site, { ports, certificate }: Surroundings, dns: DnsServer): string {
  const editor = join(root, 'editor');
  writeFileSync(join(instance, 'config/ldap-ca.pem'), certificate.cert);
  const script = `#!/bin/sh
case $1 in
  config/ldap.password) echo ${gatekeeper.password} >"$1" ;;
  config/gatekeeper.yaml)
    sed -i 's/# ca_file:/ca_file:/; s/# \\(protected_domains:\\) .*/\\1 [corp.example]/; s/ # FILL IN$//' "$1"
    echo 'listeners: [{ port: ${ports.mx}, role: mx }]' >>"$1"
    echo 'dns: { servers: ["127.0.0.1:${dns.port}"] }' >>"$1" ;;
esac
`;
  writeFileSync(editor, script, { mode: 0o755 });
  return editor;
}

describe('a Haraka with auth-ldap and spf', () => {
  let site: Site;
  let around: Surroundings;
  let haraka: Haraka;
  let dns: DnsServer;
  const received = (): StoredMessage[] => readStore(around.sinkDir);
  const config = (file: string) => join(site.instance, 'config', file);

  before(async () => {
    site = await installHost();
    await installPackages(site, ['haraka-plugin-auth-ldap@1.1.0']);
    around = await surroundingsOf(site);
    dns = await startDns({ port: 0, zone });
    configureOldPlugins(site, around);
  });
  after(() => Promise.all([around.stop(), dns.stop()]));

  describe('before', () => {
    before(async () => {
      haraka = await startHaraka(site, around.ports);
    });
    after(() => haraka.stop());

    it('works: swaks logs in and sends, as whomever it likes', async () => {
      for (const letter of ['own', 'forgedSender', 'forgedHeader'] as const) {
        const { code, output } = await swaks(site, around, letter);
        assert.equal(code, 0, output);
      }
      await eventually('three messages', () => received().length === 3, 10_000);
      assert.notEqual((await swaks(site, around, 'own', 'wrong')).code, 0);
      assert.match(haraka.log(), /loading spf$/m);
    });
  });

  describe('after npm install, and the commands that gatekeeper import prints', () => {
    before(async () => {
      await installPackages(site, [named(site.tarball)]);
      const { code, stdout, output } = await shell(site, 'node_modules/.bin/gatekeeper import');
      assert.equal(code, 0, output);
      const commands = stdout.split('\nNext:\n')[1]?.trim().split('\n') ?? [];
      assert.equal(commands.length, 5, output);
      const editor = writeEditor(site, around, dns);
      for (const command of commands) {
        const run = await shell(site, command, { EDITOR: editor });
        assert.equal(run.code, 0, `${command}\n${run.output}`);
      }
      haraka = await startHaraka(site, around.ports);
    });
    after(() => haraka.stop());

    it('loads ours, and auth-ldap and spf no more', () => {
      const loaded = new Set([...haraka.log().matchAll(/ loading (\S+)$/gm)].map(([, name]) => name));
      for (const name of [...gatekeeperLines, 'tls', 'queue/smtp_forward']) assert.ok(loaded.has(name), name);
      for (const name of ['auth-ldap', 'spf']) assert.ok(!loaded.has(name), name);
      assert.match(readFileSync(config('plugins.before-gatekeeper'), 'utf8'), /^auth\/auth_ldap$/m);
    });

    it('delivers what swaks sends as alice, who logs in as before', async () => {
      const before = received().length;
      const { code, output } = await swaks(site, around, 'own');
      assert.equal(code, 0, output);
      const message = await eventually('the message', () => received()[before], 10_000);
      assert.equal(message.envelope.from, 'alice@corp.example');
    });

    const refused = [
      {
        it: 'a forged envelope sender',
        letter: 'forgedSender',
        reply: /553 5\.7\.1 Sender address is not yours to use/,
      },
      {
        it: 'a forged From',
        letter: 'forgedHeader',
        reply: /550 5\.7\.1 Header address is not yours to use/,
      },
      { it: 'a wrong password', letter: 'own', password: 'wrong', reply: /535 5\.7\.8/ },
    ] as const;
    for (const { it: what, letter, reply, ...more } of refused) {
      it(`refuses ${what}`, async () => {
        const before = received().length;
        const { code, output } = await swaks(
          site,
          around,
          letter,
          'password' in more ? more.password : undefined,
        );
        assert.notEqual(code, 0);
        assert.match(output, reply);
        assert.equal(received().length, before);
      });
    }

    it('delivers what another server brings, of a sender that SPF lets it send for', async () => {
      const before = received().length;
      const { code, output } = await fromOutside(site, around, 'someone@partner.example');
      assert.equal(code, 0, output);
      await eventually('the message', () => received()[before], 10_000);
    });

    const forged = [
      { it: 'that [deny] mfrom_fail refused', sender: 'someone@forged.example', reply: /550 5\.7\.23/ },
      { it: 'of its own domain, which publishes ?all', sender: 'bob@corp.example', reply: /553 5\.7\.1/ },
    ] as const;
    for (const { it: what, sender, reply } of forged) {
      it(`refuses a forged sender ${what}, where nobody has logged in`, async () => {
        const before = received().length;
        const { code, output } = await fromOutside(site, around, sender);
        assert.notEqual(code, 0);
        assert.match(output, reply);
        assert.equal(received().length, before);
      });
    }
  });
});
