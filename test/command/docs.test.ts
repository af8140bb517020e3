import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { zone } from '../../scripts/demo/zone.ts';
import type { EventDraft } from '../../plugins/core/events/event.ts';
import { foldersIn, hold } from '../../plugins/core/provenance/held.ts';
import { openStore } from '../../plugins/core/store/sqlite.ts';
import { gatekeeper } from '../support/command.ts';
import { keepEvents } from '../support/events.ts';
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
  [/(directory ldap:\/\/|dns )127\.0\.0\.1:\d+:/g, '$1SERVER:'],
  [/\d+ days left/g, 'N days left'],
  [/\b[a-z2-9]{4}(?:-[a-z2-9]{4}){3}\b/g, 'PASSWORD'],
  [/\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=/g, '$VERIFIER'],
  [/(^file +)\/\S+\/var/gm, '$1DIR/var'],
  [/"since":"[^"]*"/g, '"since":"TIME"'],
  [/"by \S+: phishing"/g, '"by USER: phishing"'],
  [/^(\S+ \S+) to \S+ \S+ UTC$/gm, '$1 to NOW UTC'],
  [/\d+ events and \d+ counts$/gm, 'N events and N counts'],
];

function portable(text: string): string {
  return local.reduce((changed, [pattern, word]) => changed.replace(pattern, word), text).trim();
}

/** What the page tells to write, from there on. */
function writeRegistry(dir: string, name: string, list: string): void {
  mkdirSync(join(dir, 'config/gatekeeper.d'), { recursive: true });
  writeFileSync(join(dir, `config/gatekeeper.d/${name}.yaml`), block(page, 'yaml', `${list}:`));
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

/** What the gate and the deliveries have told of one message. */
function tracedEvents(): object[] {
  const deferred = JSON.parse(block('docs/integrator.md', 'json', '"outcome"')) as Record<string, unknown>;
  const id = '7D0A3C1E-5B7F-4E7A-9C55-1F0E2B6A9D10.1';
  const { remote: _remote, outcome: _outcome, answer: _answer, again, ...accepted } = deferred;
  const gate = {
    check: 'outbound/gate',
    reference: `${id} outbound/gate`,
    queue_id: id,
    port: 587,
    role: 'submission',
  };
  return [
    { ...accepted, ...gate, time: '2026-11-24T09:30:01.000Z' },
    deferred,
    {
      ...{ ...deferred, again: undefined, outcome: 'delivered', answer: '250 2.0.0 queued as 4XyZ1' },
      time: String(again).replace(':06.', ':07.'),
    },
  ];
}

const record = {
  v: 1,
  id: '4B0C7E9A-2D53-4F5E-9A61-7C2F0B8D1E36.1',
  origin: { kind: 'identity', proof: 'account', id: 'uid=alice', name: 'alice@corp.example' },
  sender: 'alice@corp.example',
  recipients: ['team@partner.example'],
  time: '2026-11-24T09:28:00.000Z',
  revision: 'df767ac6a997',
};

/** Two messages that are held: one of another plugin, and one to which somebody added a recipient. */
const heldMail = [
  {
    minute: 30,
    uuid: '91D2C0F4-6E0B-4C39-8B1D-3B7A5C1F2E84.1',
    from: 'boss@corp.example',
    to: ['someone@partner.example', 'other@partner.example'],
    notes: {},
    why: { reason: 'no-record', detail: 'it was not accepted by gatekeeper/outbound' },
  },
  {
    minute: 31,
    uuid: `${record.id}.1`,
    from: 'alice@corp.example',
    to: ['list@partner.example'],
    notes: { gatekeeper_provenance: record },
    why: { reason: 'recipient-not-accepted', detail: 'list@partner.example' },
  },
] as const;

/** Holds them as a gateway does. */
async function holdMail(dir: string): Promise<void> {
  for (const { minute, uuid, from, to, notes, why } of heldMail) {
    const path = join(dir, 'queue-file');
    const time = new Date(`2026-11-24T09:${minute}:00Z`);
    const [sender, ...recipients] = [from, ...to].map((address) => {
      const [user = '', host = ''] = address.split('@');
      return { original: `<${address}>`, original_host: host, host, user };
    });
    const todo = { queue_time: time.getTime() - 60_000, domain: 'partner.example', rcpt_to: recipients };
    const header = Buffer.from(JSON.stringify({ ...todo, mail_from: sender, notes, uuid }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(header.length);
    const message = `From: ${from}\r\nSubject: Figures\r\n\r\nNot to be shown.\r\n`;
    writeFileSync(path, Buffer.concat([length, header, Buffer.from(message)]));
    await hold(foldersIn(join(dir, 'var/gatekeeper')), path, { ...why, since: time.toISOString() });
    rmSync(path);
  }
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
    const event = JSON.parse(block('docs/integrator.md', 'json', 'sender-not-owned')) as object;
    const events = [event, ...tracedEvents()];
    await keepEvents(site.dir, withheldOf('crm@corp.example'));
    await holdMail(site.dir);
    await keepEvents(site.dir, events as readonly EventDraft[]);
  });
  after(() => Promise.all([site.stop(), dns.stop()]));

  for (const example of blocks(page, 'console')) {
    const [, line = '', shown = ''] = /^\$ gatekeeper (.*)\n([^]*)$/.exec(example) ?? [];
    void it(`shows what comes of gatekeeper ${line}`, async () => {
      if (line === 'partners') writeRegistry(site.dir, 'partners', 'partners');
      if (line.startsWith('tls')) writeRegistry(site.dir, 'tls', 'tls_criteria');
      // As a gateway has made it, which counted nobody yet.
      if (line.startsWith('forget')) openStore(join(site.dir, 'var/gatekeeper')).close();
      const options = { haraka: site.dir, input: 'pw-alice\n', ownProcess: false };
      const { out, err } = await gatekeeper(line.split(' '), options);
      assert.equal(portable(out + err), portable(shown));
    });
  }

  void it('has an example of every command that writes no settings', () => {
    const shown = blocks(page, 'console').map((example) => example.split(/\s/)[2]);
    assert.deepEqual(
      [...new Set(shown)],
      [
        'check',
        'config',
        'login',
        'app-password',
        'forget',
        'sender',
        'tls',
        'spf',
        'partners',
        'events',
        'trace',
        'report',
        'suspend',
        'suspended',
        'release',
        'held',
        'export',
        'erase',
      ],
    );
  });
});
