import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { openStore } from '../../plugins/core/store/sqlite.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';
import { block, blocks } from '../support/pages.ts';
import { withheldEvent } from './withheld-event.ts';

const page = 'docs/command.md';

/** What differs from one host to another: names of folders, ports and what is made of them. */
const local: readonly [RegExp, string][] = [
  [/\b[0-9a-f]{12}\b/g, 'REVISION'],
  [/haraka {4}\d\S+ \(.*\)/g, 'haraka    VERSION'],
  [/haraka {4}\/\S+/g, 'haraka    DIR'],
  [/ldap:\/\/127\.0\.0\.1:\d+\] +/g, 'URL] '],
  [/\[(?:127\.0\.0\.1:\d+|192\.0\.2\.53)\] +/g, '[DNS] '],
  [/\d+ days left/g, 'N days left'],
  [/\b[a-z2-9]{4}(?:-[a-z2-9]{4}){3}\b/g, 'PASSWORD'],
  [/\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=/g, '$VERIFIER'],
];

function portable(text: string): string {
  return local.reduce((changed, [pattern, word]) => changed.replace(pattern, word), text).trim();
}

/** What the page tells to write, from there on. */
function writePartners(dir: string): void {
  mkdirSync(join(dir, 'config/gatekeeper.d'));
  writeFileSync(join(dir, 'config/gatekeeper.d/partners.yaml'), block(page, 'yaml', 'partners:'));
}

/** Two refusals that a mode withheld. */
function withheldOf(sender: string) {
  const check = 'sender/impersonation';
  const detail = 'x@corp.example: SPF fail of corp.example (-all)';
  return [2, 41].map((minute) => ({
    ...withheldEvent(minute, check, { reason: 'spf-fail', sender, detail }),
    reference: `7C1B0E52-9A4D-4F0E-8C6B-2D93A1F5E0${minute}.1 ${check}`,
  }));
}

void describe('docs/command.md', () => {
  let site: Site;
  let dns: DnsServer;
  before(async () => {
    dns = await startDns({ port: 0, zone });
    site = await startSite();
    const file = join(site.dir, 'config/gatekeeper.yaml');
    const { urls } = (parse(readFileSync(file, 'utf8')) as { directory: { urls: string[] } }).directory;
    const settings = `protected_domains: [corp.example]
help_text: See https://help.corp.example/mail
directory:
  urls: [${urls.join()}]
  start_tls: false
  bind_dn: cn=gatekeeper,ou=services,dc=corp,dc=example
  bind_password_file: ldap.password
  base: ou=people,dc=corp,dc=example
dns:
  servers: [127.0.0.1:${dns.port}]
`;
    writeFileSync(file, settings);
    const event = JSON.parse(block('docs/integrator.md', 'json', '"v": 1')) as object;
    const events = [event, ...withheldOf('crm@corp.example')];
    writeFileSync(join(site.dir, 'events.jsonl'), events.map((each) => `${JSON.stringify(each)}\n`).join(''));
  });
  after(() => Promise.all([site.stop(), dns.stop()]));

  for (const example of blocks(page, 'console')) {
    const [, line = '', shown = ''] = /^\$ gatekeeper (.*)\n([^]*)$/.exec(example) ?? [];
    void it(`shows what comes of gatekeeper ${line}`, async () => {
      if (line === 'partners') writePartners(site.dir);
      // As a gateway has made it, which counted nobody yet.
      if (line.startsWith('forget')) openStore(join(site.dir, 'var/gatekeeper')).close();
      const { out, err } = await gatekeeper(line.split(' '), { haraka: site.dir, input: 'pw-alice\n' });
      assert.equal(portable(out + err), portable(shown));
    });
  }

  void it('has an example of every command that writes no settings', () => {
    const shown = blocks(page, 'console').map((example) => example.split(/\s/)[2]);
    assert.deepEqual(
      [...new Set(shown)],
      ['check', 'config', 'login', 'app-password', 'forget', 'sender', 'spf', 'partners', 'events', 'report'],
    );
  });
});
