import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventSchema } from '../plugins/core/events/event.ts';
import { refusals } from '../plugins/core/directory/directory.ts';
import { parseSettings } from '../plugins/core/settings/file.ts';
import { entries } from '../scripts/entries.ts';
import { withTables } from '../scripts/generated-docs.ts';
import { referencePage } from '../scripts/reference.ts';
import { commandEnvironment, gatekeeperProgram } from './support/command.ts';
import { startTestGateway, eventually, type TestGateway } from './support/gateway.ts';
import { block, blocks, pages, root, textOf } from './support/pages.ts';
import { loggedIn, plain } from './support/smtp.ts';
import { greeted } from './gateway/traffic.ts';
import { storedVerifier } from './support/scram.ts';

void describe('the documentation', () => {
  for (const page of pages) {
    void it(`${page} has its tables as the source makes them: run \`npm run generate\` after a change`, () => {
      assert.equal(textOf(page), withTables(textOf(page)));
    });

    void it(`${page} links to files that are there`, () => {
      for (const [, target = ''] of textOf(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        assert.ok(readFileSync(join(root, page, '..', target)), target);
      }
    });

    void it(`${page} links to sections that are there`, () => {
      for (const [, target = '', anchor = ''] of textOf(page).matchAll(
        /\]\((?!https?:)([^)#]*)#([^)]+)\)/g,
      )) {
        const there = target === '' ? page : join(page, '..', target);
        assert.ok(anchorsOf(there).includes(anchor), `${target}#${anchor}`);
      }
    });

    for (const yaml of blocks(page, 'yaml')) {
      void it(`${page} shows settings that load: ${yaml.split('\n')[0]}`, () => {
        const minimal = 'directory: {urls: ["ldaps://x"], bind_dn: x, base: x}\n';
        const isWhole = yaml.includes('directory:') || yaml.includes('roles: [mx]');
        const domains = yaml.includes('protected_domains:') ? '' : 'protected_domains: [corp.example]\n';
        assert.ok(parseSettings(isWhole ? yaml : yaml + minimal + domains, page).revision);
      });
    }
  }

  for (const entry of entries) {
    const page = `docs/api/${entry.file}.md`;
    void it(`${page} says what the types do: run \`npm run generate\` after a change`, async () => {
      assert.equal(textOf(page), await referencePage(entry));
    });
  }

  void it('has a page of the reference for each entry, and for nothing else', () => {
    const there = readdirSync(join(root, 'docs/api')).sort();
    assert.deepEqual(there, entries.map(({ file }) => `${file}.md`).sort());
    const guide = textOf('docs/integrator.md');
    for (const file of there)
      assert.ok(guide.includes(`(api/${file})`), `docs/integrator.md links to ${file}`);
  });

  void it('shows the message for a mistake as it comes', () => {
    const shown = block('docs/operator.md', '', 'refuses to start').trim();
    assert.ok(
      block('docs/operator.md', '', 'stay in force').includes(
        shown.replace('gatekeeper refuses to start', 'settings'),
      ),
    );
    const [, file = '', rest = ''] = /^gatekeeper refuses to start: (.*?)(:\d+:.*)$/.exec(shown) ?? [];
    const text = `directory:\n  urls: ["ldaps://x"]\n  bind_dn: x\n  base: x\n${'\n'.repeat(6)}tls:\n  minversion: x\n`;
    assert.throws(() => parseSettings(text, file), { message: file + rest });
  });

  void it('shows events that the schema allows', () => {
    for (const text of blocks('docs/integrator.md', 'json')) assert.ok(eventSchema.parse(JSON.parse(text)));
  });

  void it('lists every check', () => {
    const sources = readdirSync(join(root, 'plugins'), { recursive: true, encoding: 'utf8' });
    const names = sources
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...textOf(join('plugins', file)).matchAll(/\b(?:name:|check:|check =) '(\w+\/\w+)'/g),
      ])
      .map(([, name]) => name);
    assert.deepEqual(listedChecks().sort(), [...new Set(names)].sort());
  });

  void it('explains every cause of a failed login', () => {
    const page = textOf('docs/sysadmin.md');
    assert.deepEqual(
      refusals.filter((cause) => !page.includes(`| \`${cause}\``)),
      [],
    );
  });

  void it('makes a verifier for SCRAM of a password', () => {
    const input = { input: 'pencil\n', encoding: 'utf8' } as const;
    const made = execFileSync('bash', ['-c', block('docs/sysadmin.md', 'sh', 'pbkdf2Sync')], input).trim();
    const [, salt = ''] = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(made) ?? [];
    assert.equal(made, storedVerifier('pencil', Buffer.from(salt, 'base64')));
    assert.equal(Buffer.from(salt, 'base64').length, 16);
  });

  void it('has a query for failed logins that works', () => {
    const event = JSON.parse(block('docs/integrator.md', 'json', 'sender-not-owned')) as object;
    const login = { ...event, check: 'auth/login', login: 'bob', detail: 'wrong-password' };
    const lines = [event, login, login, { ...login, verdict: 'pass' }].map((each) => JSON.stringify(each));
    const command = block('docs/sysadmin.md', 'sh', 'jq').replace('gatekeeper events --json', 'cat');
    const output = execFileSync('bash', ['-c', command], { input: lines.join('\n'), encoding: 'utf8' });
    assert.equal(output.trim(), '2 bob\twrong-password\t192.0.2.7');
  });
});

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const headings = textOf(page).matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

function listedChecks(): string[] {
  const rows = textOf('docs/integrator.md').matchAll(/^\| `(\w+\/\w+)`/gm);
  return [...rows].map(([, check = '']) => check);
}

void describe('a gateway set up as the documentation says', () => {
  let test: TestGateway;
  before(async () => {
    const lines = block('docs/operator.md', '', 'rcpt_to.in_host_list')
      .replaceAll(/#.*\n/g, '')
      .trim()
      .split('\n');
    assert.deepEqual(lines, block('README.md', '', 'rcpt_to.in_host_list').trim().split('\n'));
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-docs-'));
    const plugin = join(folder, 'my-plugin.js');
    writeFileSync(plugin, block('docs/integrator.md', 'js', 'accepted: ${'));
    test = await startTestGateway({ plugins: [...lines, 'demo-route'], last: [plugin] });
    rmSync(folder, { recursive: true });
  });
  after(() => test.stop());

  void it('delivers, runs the example plugin and makes the checks that are listed', async () => {
    const client = await loggedIn({ port: test.ports.submission }, 'alice@corp.example', 'pw-alice');
    await client.command('MAIL FROM:<alice@corp.example>');
    await client.command('RCPT TO:<docs@partner.example>');
    await client.command('DATA');
    assert.match((await client.command('From: alice@corp.example\r\n\r\nhello\r\n.')).text, /^250 /);
    client.destroy();
    // A delivery may begin before it is told that the message is on disk.
    const isQueued = () => test.events().some(({ check }) => check === 'outbound/queue');
    const isTold = () => test.events().some(({ outcome }) => outcome === 'delivered') && isQueued();
    await eventually('the delivery', () => test.delivered().length === 1 && isTold());
    assert.match(test.log(), /\[my-plugin\] accepted: Message queued \([0-9A-F-]+\.1\)/);
    const made = new Set(test.events().map(({ check }) => check));
    // rcpt_to.in_host_list accepts the recipients of local senders, and outbound/relay is not asked.
    const unasked = ['tls/starttls', 'auth/guessing', 'outbound/relay', 'outbound/inbound'];
    // Those of mail that nobody logged in for.
    unasked.push('sender/impersonation', 'sender/spf', 'sender/relayed', 'sender/author');
    // Those of what is rarely there, silent where they find nothing.
    unasked.push('sender/display', 'sender/name', 'sender/lookalike', 'sender/utf8');
    unasked.push('sender/hidden', 'sender/folded', 'sender/octets');
    unasked.push('tls/sender_domain', 'tls/author_domain');
    // Those of servers of providers.
    unasked.push('sender/provider', 'sender/tenant', 'sender/late_impersonation', 'sender/late_spf');
    // That of servers which may forward.
    unasked.push('sender/forward', 'outbound/suspension', 'outbound/suspended');
    // That of logins which are no longer fresh.
    unasked.push('auth/account', 'auth/certificate');
    // What looks ahead, what tells of soft limits, and those of sessions and of mail to local recipients.
    unasked.push('outbound/limits', 'outbound/recipients', 'outbound/soft', 'auth/soft', 'audit/stored');
    unasked.push('auth/sessions', 'outbound/local', 'outbound/requiretls');
    // What was not queued after all, what operators do, and servers without the TLS that they need.
    unasked.push('outbound/not-queued', 'audit/operator', 'outbound/tls');
    assert.deepEqual(
      [...made].sort(),
      listedChecks()
        .filter((check) => !unasked.includes(check))
        .sort(),
    );
  });

  void it('writes the line of a refusal as it is shown', async () => {
    const client = await loggedIn({ port: test.ports.submission }, 'alice@corp.example', 'pw-alice');
    await client.command('MAIL FROM:<bob@corp.example>');
    client.destroy();
    const shape = (line: string) =>
      line
        .replaceAll(/[0-9A-F]{8}-[0-9A-F-]{27}/g, 'UUID')
        .replaceAll(/client="[^"]*"/g, 'client')
        .replaceAll(/See https:\S+/g, 'HELP"');
    const shown = shape(block('docs/operator.md', '', '[NOTICE]').trim());
    const find = () => /\[NOTICE\].*sender-not-owned.*/.exec(test.log()) ?? undefined;
    const [line] = await eventually('the line', find);
    assert.equal(shape(line), shown);
  });

  void it('is found by the commands that look for a refusal', async () => {
    const client = await loggedIn({ port: test.ports.submission }, 'alice@corp.example', 'pw-alice');
    const { text } = await client.command('MAIL FROM:<bob@corp.example>');
    client.destroy();
    const [, reference = '', connection = ''] = /\((([0-9A-F-]+)\.\d+ sender\/envelope)\)/.exec(text) ?? [];
    await eventually('the event', () => test.events().some((event) => event.reference === reference));
    const run = (holding: string) => {
      const command = block('docs/refusals.md', 'sh', holding)
        .replace('E374698C-63BD-4E79-A68D-A450EADF3FCD.1 sender/envelope', reference)
        .replace('E374698C-63BD-4E79-A68D-A450EADF3FCD', connection)
        .replace('/var/log/haraka/haraka.log', 'haraka.log')
        .replace('gatekeeper events', `'${gatekeeperProgram}' events`);
      const env = commandEnvironment({ haraka: test.dir });
      return execFileSync('bash', ['-c', command], { cwd: test.dir, env, encoding: 'utf8' });
    };
    assert.match(run('grep'), /^[^\n]* refuse ref="[^\n]*value="bob@corp\.example"[^\n]*\n$/);
    const decided = run('jq')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as string[]).slice(1))
      // The session may be over by now.
      .filter(([check]) => check !== 'audit/connection');
    assert.deepEqual(decided, [
      ['auth/login', 'pass', null, null],
      ['tls/required', 'pass', null, null],
      ['auth/required', 'pass', null, null],
      ['sender/envelope', 'refuse', 'sender-not-owned', 'bob@corp.example'],
    ]);
  });

  void it('has a log that the copied fail2ban filter reads', async () => {
    const host = mkdtempSync(join(tmpdir(), 'gatekeeper-host-'));
    const here = (command: string) =>
      command
        .replace('/etc/haraka/node_modules/haraka-plugin-gatekeeper', root)
        .replaceAll(' /etc/', ` ${host}/`)
        .replace('/var/log/haraka', test.dir);
    const run = (holding: string) =>
      execFileSync('bash', ['-ec', here(block('docs/sysadmin.md', 'sh', holding))], { encoding: 'utf8' });
    for (const folder of ['fail2ban/filter.d', 'fail2ban/jail.d', 'logrotate.d', 'systemd/system']) {
      mkdirSync(join(host, folder), { recursive: true });
    }
    run('cp fail2ban');
    const copied = readdirSync(host, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.includes('gatekeeper'),
    );
    assert.equal(copied.length, 4);
    const client = await greeted({ port: test.ports.implicit, implicitTls: true });
    await client.command(`AUTH PLAIN ${plain('alice@corp.example', 'wrong')}`);
    client.destroy();
    assert.match(run('fail2ban-regex'), /, 1 matched, /);
    rmSync(host, { recursive: true });
  });
});
