import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventSchema } from '../plugins/core/event.ts';
import { refusals } from '../plugins/core/directory/directory.ts';
import { parseSettings } from '../plugins/core/settings-file.ts';
import { withTables } from '../scripts/generated-docs.ts';
import { ldif } from '../scripts/demo/ldif.ts';
import { entries } from '../scripts/demo/people.ts';
import { startSlapd } from './support/slapd.ts';
import { startTestGateway, eventually, type TestGateway } from './support/gateway.ts';
import { loggedIn } from './support/smtp.ts';

const root = join(import.meta.dirname, '..');
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = ['README.md', ...docs.filter((file) => file.endsWith('.md')).map((file) => join('docs', file))];
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

/** The fenced blocks of a page in one language; `''` for those without. */
function blocks(page: string, language: string): string[] {
  const fences = textOf(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...fences].filter(([, found]) => found === language).map(([, , text]) => text ?? '');
}

/** The one block of a page in that language that holds a text. */
function block(page: string, language: string, holding: string): string {
  const found = blocks(page, language).filter((text) => text.includes(holding));
  assert.equal(found.length, 1, `${page} has ${found.length} blocks with ${holding}`);
  return found[0] ?? '';
}

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

    for (const yaml of blocks(page, 'yaml')) {
      void it(`${page} shows settings that load: ${yaml.split('\n')[0]}`, () => {
        const minimal = 'directory: {urls: ["ldaps://x"], bind_dn: x, base: x}\n';
        assert.ok(parseSettings(yaml.includes('directory:') ? yaml : yaml + minimal, page).revision);
      });
    }
  }

  void it('shows the message for a mistake as it comes', () => {
    const shown = block('docs/operator.md', '', 'refuses to start').trim();
    const [, file = '', rest = ''] = /^gatekeeper refuses to start: (.*?)(:\d+:.*)$/.exec(shown) ?? [];
    const text = `directory:\n  urls: ["ldaps://x"]\n  bind_dn: x\n  base: x\n${'\n'.repeat(6)}tls:\n  minversion: x\n`;
    assert.throws(() => parseSettings(text, file), { message: file + rest });
  });

  void it('shows an event that the schema allows', () => {
    assert.ok(eventSchema.parse(JSON.parse(block('docs/integrator.md', 'json', '"v": 1'))));
  });

  void it('lists every check', () => {
    const sources = readdirSync(join(root, 'plugins'), { recursive: true, encoding: 'utf8' });
    const names = sources
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [...textOf(join('plugins', file)).matchAll(/\bname: '(\w+\/\w+)'/g)])
      .map(([, name]) => name);
    assert.deepEqual(listedChecks().sort(), names.sort());
  });

  void it('explains every cause of a failed login', () => {
    const page = textOf('docs/sysadmin.md');
    assert.deepEqual(
      refusals.filter((cause) => !page.includes(`| \`${cause}\``)),
      [],
    );
  });

  void it('has a query for failed logins that works', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-docs-'));
    const event = JSON.parse(block('docs/integrator.md', 'json', '"v": 1')) as object;
    const login = { ...event, check: 'auth/login', login: 'bob', detail: 'wrong-password' };
    const lines = [event, login, login, { ...login, verdict: 'pass' }].map((each) => JSON.stringify(each));
    writeFileSync(join(folder, 'events.jsonl'), `${lines.join('\n')}\n`);
    const command = block('docs/sysadmin.md', 'sh', 'jq');
    const output = execFileSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    assert.equal(output.trim(), '2 bob\twrong-password\t192.0.2.7');
  });
});

function listedChecks(): string[] {
  const rows = textOf('docs/integrator.md').matchAll(/^\| `(\w+\/\w+)`/gm);
  return [...rows].map(([, check = '']) => check);
}

void describe('a gateway set up as the documentation says', () => {
  let test: TestGateway;
  before(async () => {
    const lines = block('docs/operator.md', '', 'rcpt_to.in_host_list')
      .replaceAll(/ *#.*/g, '')
      .trim()
      .split('\n');
    assert.deepEqual(lines, block('README.md', '', 'rcpt_to.in_host_list').trim().split('\n'));
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-docs-'));
    const plugin = join(folder, 'my-plugin.js');
    writeFileSync(plugin, block('docs/integrator.md', 'js', 'hook_queue_ok'));
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
    await eventually('the delivery', () => test.delivered().length === 1);
    assert.match(test.log(), /\[my-plugin\] accepted: Message queued \([0-9A-F-]+\.1\)/);
    const made = new Set(test.events().map(({ check }) => check));
    // rcpt_to.in_host_list accepts the recipients of local senders, and outbound/relay is not asked.
    const unasked = ['tls/starttls', 'outbound/relay', 'outbound/inbound'];
    assert.deepEqual(
      [...made],
      listedChecks().filter((check) => !unasked.includes(check)),
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
});

void describe('a slapd with the rights that the documentation gives', () => {
  void it('is enough to log in and to know the addresses', async () => {
    const access = block('docs/sysadmin.md', '', 'access to');
    const slapd = await startSlapd({ ldif: ldif(entries()), access });
    const test = await startTestGateway({ directoryUrl: slapd.url });
    try {
      const client = await loggedIn({ port: test.ports.submission }, 'alice@corp.example', 'pw-alice');
      assert.equal((await client.command('MAIL FROM:<alice.smith@corp.example>')).code, 250);
      await assert.rejects(
        loggedIn({ port: test.ports.submission }, 'retired@corp.example', 'pw-retired'),
        /535 5\.7\.8/,
      );
      client.destroy();
    } finally {
      await test.stop();
      await slapd.stop();
    }
  });
});
