import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { commandEnvironment, gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';

const commands = [
  'app-password',
  'certificate',
  'check',
  'completion',
  'config',
  'erase',
  'events',
  'export',
  'forget',
  'held',
  'help',
  'import',
  'login',
  'partners',
  'release',
  'report',
  'sender',
  'spf',
  'suspend',
  'suspended',
  'tls',
  'trace',
  'web',
];

void describe('gatekeeper completion bash, in bash', () => {
  let script: string;
  before(async () => {
    ({ out: script } = await gatekeeper(['completion', 'bash']));
  });

  /** What bash offers for the last word. */
  function offered(line: string): string[] {
    const words = line.split(' ');
    const run = `${script}
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
      compopt() { :; }
      _gatekeeper; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = execFileSync('bash', ['--norc', '-c', run], { encoding: 'utf8', cwd: '/' });
    return out.split('\n').filter(Boolean).sort();
  }

  const cases: readonly { line: string; offers: readonly string[] }[] = [
    { line: 'gatekeeper co', offers: ['completion', 'config'] },
    { line: 'gatekeeper --js', offers: ['--json'] },
    { line: 'gatekeeper --haraka /e', offers: ['/etc'] },
    { line: 'gatekeeper --haraka /etc lo', offers: ['login'] },
    { line: 'gatekeeper login --no', offers: ['--no-password'] },
    { line: 'gatekeeper events --verdict re', offers: ['refuse'] },
    { line: 'gatekeeper events --reason bad', offers: ['bad-credentials'] },
    { line: 'gatekeeper completion ', offers: ['bash', 'fish', 'zsh'] },
    { line: 'gatekeeper nothing --x', offers: [] },
  ];
  for (const { line, offers } of cases) {
    void it(`offers ${offers.join(', ') || 'nothing'} for ${line}`, () => {
      const found = offered(line).filter(
        (word) => offers.length === 0 || !word.startsWith('-') || offers.includes(word),
      );
      assert.deepEqual(found, offers);
    });
  }

  void it('offers every command', () => {
    assert.deepEqual(
      offered('gatekeeper ').filter((word) => !word.startsWith('-')),
      commands,
    );
  });
});

void describe('gatekeeper completion', () => {
  for (const shell of ['zsh', 'fish']) {
    void it(`names every command for ${shell}`, async () => {
      const { code, out } = await gatekeeper(['completion', shell]);
      assert.equal(code, 0);
      for (const command of commands) assert.match(out, new RegExp(`\\b${command}\\b`));
    });
  }

  void it('knows no other shell', async () => {
    assert.equal((await gatekeeper(['completion', 'powershell'])).code, 64);
  });
});

void describe('the help of gatekeeper', () => {
  let site: Site;
  let dns: DnsServer;
  before(async () => {
    dns = await startDns({ port: 0, zone });
    site = await startSite({ dnsPort: dns.port });
  });
  after(() => Promise.all([site.stop(), dns.stop()]));

  for (const command of ['', ...commands.filter((each) => each !== 'help')]) {
    void it(`has examples of ${command || 'the whole'} whose words are known`, async () => {
      const { out } = await gatekeeper(command === '' ? ['--help'] : ['help', command], {
        ownProcess: false,
      });
      const [, after = ''] = out.split('\nExamples:\n');
      const examples = after
        .trim()
        .split('\n')
        .map((line) => line.trim());
      assert.ok(examples.length > 0 && examples[0] !== '', 'there are examples');
      for (const example of examples) {
        // What it does is shown elsewhere; here a word that is not known would be 64.
        const [own = ''] = example.split(/ (?:&&|[<>|]) /);
        const words = own.replaceAll("'", '').split(' ').slice(1);
        if (words.includes('--follow') || words.includes('--write')) words.push('--help');
        const { code } = await gatekeeper(words, {
          haraka: site.dir,
          input: 'x\n',
          env: commandEnvironment(),
          ownProcess: false,
        });
        assert.notEqual(code, 64, example);
      }
    });
  }
});
