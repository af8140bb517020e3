import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';
import { block, blocks } from '../support/pages.ts';

const page = 'docs/command.md';

/** What differs from one host to another: names of folders, ports and what is made of them. */
const local: readonly [RegExp, string][] = [
  [/\b[0-9a-f]{12}\b/g, 'REVISION'],
  [/haraka {4}\d\S+ \(.*\)/g, 'haraka    VERSION'],
  [/haraka {4}\/\S+/g, 'haraka    DIR'],
  [/ldap:\/\/127\.0\.0\.1:\d+\] +/g, 'URL] '],
];

function portable(text: string): string {
  return local.reduce((changed, [pattern, word]) => changed.replace(pattern, word), text).trim();
}

void describe('docs/command.md', () => {
  let site: Site;
  before(async () => {
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
`;
    writeFileSync(file, settings);
    const event = JSON.parse(block('docs/integrator.md', 'json', '"v": 1')) as object;
    writeFileSync(join(site.dir, 'events.jsonl'), `${JSON.stringify(event)}\n`);
  });
  after(() => site.stop());

  for (const example of blocks(page, 'console')) {
    const [, line = '', shown = ''] = /^\$ gatekeeper (.*)\n([^]*)$/.exec(example) ?? [];
    void it(`shows what comes of gatekeeper ${line}`, async () => {
      const { out, err } = await gatekeeper(line.split(' '), { haraka: site.dir, input: 'pw-alice\n' });
      assert.equal(portable(out + err), portable(shown));
    });
  }

  void it('has an example of every command that only reads', () => {
    const shown = blocks(page, 'console').map((example) => example.split(/\s/)[2]);
    assert.deepEqual([...new Set(shown)], ['check', 'config', 'login', 'sender', 'events']);
  });
});
