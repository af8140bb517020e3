import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EventDraft } from '../../plugins/core/events/event.ts';
import { readEventsKey } from '../../plugins/core/events/key.ts';
import { storePlace } from '../../plugins/core/events/open.ts';
import { openPlace } from '../../plugins/core/events/places.ts';
import { pseudonym } from '../../plugins/core/events/pseudonym.ts';
import type { EventStore } from '../../plugins/core/events/store.ts';
import { dayMs } from '../../plugins/core/events/tallies.ts';
import { settingsSchema } from '../../plugins/core/settings/settings.ts';
import { openStore } from '../../plugins/core/store/sqlite.ts';
import { peopleBase } from '../../scripts/demo/people.ts';
import { eventWith } from '../core/events/sample-events.ts';
import { gatekeeper } from '../support/command.ts';
import { eventsFile } from '../support/events.ts';
import { startSite, type Site } from '../support/instance.ts';

type Told = Partial<EventDraft> & { readonly revision: string };

const alice = {
  ...{ identity: 'alice@corp.example', identity_id: `uid=alice,${peopleBase}`, client: '2001:db8:1:2::7' },
};
const bob = { identity: 'bob@corp.example', identity_id: `uid=bob,${peopleBase}`, client: '192.0.2.66' };
/** Nobody in the directory. */
const zoe = { identity: 'zoe@corp.example', identity_id: `uid=zoe,${peopleBase}`, client: '192.0.2.99' };

const accepted = { accepted: true, bytes: 1, recipients: ['x@y.example'] };

/** What names alice; a revision says which it is. */
const hers: readonly Told[] = [
  { revision: 'logged in', check: 'auth/login', ...alice, login: 'alice' },
  {
    ...{ revision: 'failed', check: 'auth/login', verdict: 'refuse', login: 'ALICE' },
    reason: 'bad-credentials',
  },
  { revision: 'sent', ...alice, ...accepted, sender: 'alice.smith@corp.example' },
  {
    ...{ revision: 'claimed', check: 'sender/spf', verdict: 'refuse', reason: 'spf-fail' },
    ...{ sender: 'Alice@corp.example', client: '198.51.100.1' },
  },
  { revision: 'received', ...bob, ...accepted, recipients: ['x@y.example', 'alice@corp.example'] },
  {
    ...{ revision: 'told', ...bob, check: 'sender/envelope', verdict: 'refuse' },
    reply: '553 5.7.1 <alice@corp.example> is not yours',
  },
];

const others: readonly Told[] = [
  {
    revision: 'of bob',
    ...bob,
    ...accepted,
    sender: 'bob@corp.example',
    recipients: ['malice@corp.example'],
  },
  { revision: 'of the team', ...bob, ...accepted, sender: 'team@corp.example' },
  { revision: 'tried by bob', check: 'auth/login', verdict: 'refuse', login: 'zo', identity: bob.identity },
  { revision: 'of zoe', check: 'auth/login', ...zoe, login: 'zo' },
  { revision: 'sent by zoe', ...zoe, ...accepted, sender: 'z@corp.example' },
  { revision: 'to eve', ...bob, ...accepted, recipients: ['eva@corp.example'] },
];

/** An account that may log in by either of its addresses. */
const eve = {
  dn: `uid=eve,${peopleBase}`,
  attributes: {
    ...{ objectClass: ['inetOrgPerson'], cn: ['Eve'], sn: ['Eve'], uid: ['eve'] },
    mail: ['eve@corp.example', 'eva@corp.example'],
  },
};

void describe('gatekeeper export and gatekeeper erase', () => {
  let site: Site;
  let gateway: EventStore;
  const run = (...args: string[]) => gatekeeper(args, { haraka: site.dir });

  before(async () => {
    site = await startSite({}, [eve]);
    const policy = settingsSchema.parse({ roles: ['mx'] });
    gateway = openPlace(storePlace({ policy, harakaDirectory: site.dir }));
    openStore(join(site.dir, 'var/gatekeeper')).close();
    const [now, day] = [Date.now(), (days: number) => new Date(Date.now() - days * dayMs)];
    await gateway.append(
      hers.map((each) => eventWith({ ...each, revision: `${each.revision} long ago` }, now - 40 * dayMs)),
    );
    await gateway.maintain({
      clearBefore: day(30),
      keepAfter: new Date(0),
      maxBytes: Infinity,
      digestBefore: new Date(),
    });
    await gateway.append([...hers, ...others].map((each) => eventWith(each, now - 3_600_000)));
  });
  after(async () => {
    await gateway.close();
    await site.stop();
  });

  for (const args of [
    ['export', ''],
    ['erase', '<>', '--yes'],
    ['erase', 'alice', ' ', '--yes'],
  ]) {
    void it(`refuses ${JSON.stringify(args)}: it would be whatever has no name`, async () => {
      assert.equal((await run(...args)).code, 64);
    });
  }

  // A text loses its words, and with them whom it named.
  const known = [
    ...hers.map(({ revision }) => `${revision} long ago`).filter((each) => each !== 'told long ago'),
    ...hers.map(({ revision }) => revision),
  ];
  for (const who of ['alice', 'ALICE@corp.example', alice.identity_id]) {
    void it(`exports every event about ${who}, those that name nobody any more among them`, async () => {
      const { code, out, err } = await run('export', who);
      assert.deepEqual([code, told(out)], [0, known], err);
      assert.match(err, /^left out [^]* team@corp\.example$/m);
    });
  }

  void it('takes an address for theirs by which the directory finds them alone', async () => {
    const { out, err } = await run('export', 'eve@corp.example');
    assert.deepEqual(told(out), ['to eve']);
    assert.doesNotMatch(err, /left out/);
  });

  void it('knows who is in the directory no more by what was proven', async () => {
    assert.deepEqual(told((await run('export', 'zo')).out), ['tried by bob', 'of zoe', 'sent by zoe']);
    assert.deepEqual(told((await run('export', 'zo', '--only')).out), ['tried by bob', 'of zoe']);
  });

  void it('writes down who asked, also where there was nothing', async () => {
    assert.equal((await run('export', 'nobody', '--json')).code, 1);
    const { out } = await run('events', '--check', 'audit/operator', '-n', '1', '--json');
    assert.match(out, /"detail":"export nobody: 0 events"/);
  });

  void it('changes nothing without --yes, and says what it would do', async () => {
    const [before, answer] = [await run('events', '--json'), await run('erase', 'alice')];
    assert.equal(answer.code, 64);
    assert.match(answer.out, /^nothing was changed: \d+ events name alice; with --yes [^]*^not reached /m);
    assert.deepEqual(await run('events', '--json'), before);
  });

  void it('leaves nothing of a person in events, reports and the octets of the database', async () => {
    const answer = await run('erase', 'alice', 'alice.smith@corp.example', '--yes', '--json');
    const { events, counts } = JSON.parse(answer.out) as { events: number; counts: number };
    assert.deepEqual([answer.code, answer.err], [0, '']);
    assert.ok(events >= known.length && counts >= 5, answer.out);
    const [listed, report] = [
      await run('events', '--json'),
      await run('report', '--since', '60d', '--format', 'json'),
    ];
    assert.equal(report.code, 0, report.err);
    const octets = ['', '-wal', '-journal'].map((end) => textIn(`${eventsFile(site.dir)}${end}`)).join('');
    assert.match(octets, /bob@corp\.example/);
    const key = readEventsKey(join(site.dir, 'var/gatekeeper'))?.toString('hex') ?? '';
    for (const text of [listed.out, report.out, octets]) {
      assert.doesNotMatch(text.replaceAll('malice', ''), /alice|2001:db8:1:2/i);
    }
    const hidden = ['alice', 'alice.smith@corp.example'].map((name) => pseudonym(key, name)).join(' ');
    const [last = ''] = listed.out.trim().split('\n').slice(-1);
    assert.ok(last.includes(`"detail":"erase ${hidden}: ${events} events, ${counts} counts"`));
    assert.equal((await run('erase', 'alice', 'alice.smith@corp.example', '--yes')).code, 1);
    assert.deepEqual(
      told(listed.out).filter((each) => !known.includes(each) && each !== 'told long ago'),
      others.map(({ revision }) => revision),
    );
  });

  void it('lets a gateway go on that has the database open', async () => {
    await gateway.append([eventWith({ ...alice, revision: 'again' })]);
    assert.deepEqual(told((await run('export', 'alice@corp.example')).out), ['again']);
  });
});

/** Revisions of events that tell of mail, not of who runs the gateway. */
function told(lines: string): string[] {
  const events = lines.split('\n').filter(Boolean);
  return events
    .map((line) => JSON.parse(line) as { revision: string; kind: string })
    .filter(({ kind }) => kind !== 'operator')
    .map(({ revision }) => revision);
}

function textIn(file: string): string {
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}
