import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  eventJsonSchema,
  EventsUnavailable,
  NoEventsYet,
  openEvents,
  parseEvent,
  SettingsError,
  type EventQuery,
  type GatekeeperEvent,
} from '../../plugins/api/events.ts';
import type { GatekeeperEvent as OwnEvent } from '../../plugins/core/events/event.ts';
import { openPlace } from '../../plugins/core/events/places.ts';
import { storePlace } from '../../plugins/core/events/open.ts';
import { readSettings } from '../../plugins/core/settings/file.ts';
import { eventInterface } from '../../scripts/event-interface.ts';
import { eventWith, noon } from '../core/events/sample-events.ts';
import { root } from '../support/pages.ts';
import { startPostgresql, type Postgresql } from '../support/postgresql.ts';

/** Whether two types allow each other and have the same fields, however they are written. */
type Same<A, B> = [A, keyof A, B, keyof B] extends [B, keyof B, A, keyof A] ? true : false;

/** What the schema makes of an event, for who only reads it. */
type Read<T> = {
  readonly [Field in keyof T]: T[Field] extends string[] | undefined
    ? readonly string[] | undefined
    : T[Field];
};

const minimal = `directory: {urls: ["ldaps://x"], bind_dn: x, base: x}\nprotected_domains: [corp.example]\n`;

void describe('the type of events', () => {
  void it('is made of the schema: run `npm run generate` after a change', () => {
    const file = join(root, 'plugins/core/events/described-event.ts');
    assert.equal(readFileSync(file, 'utf8'), eventInterface());
    const isSame: Same<GatekeeperEvent, Read<OwnEvent>> = true;
    assert.ok(isSame);
  });
});

const event = eventWith({ client: '192.0.2.1', recipients: ['bob@corp.example'] });
const { check: _check, ...withoutCheck } = event;

const wrong = [
  { it: 'no object', value: null, message: /^no event: .*expected object/ },
  { it: 'a list', value: [], message: /^no event: .*expected object/ },
  { it: 'a line that was not parsed', value: JSON.stringify(event), message: /^no event: .*expected object/ },
  { it: 'nothing', value: undefined, message: /^no event: is missing$/ },
  { it: 'another version', value: { ...event, v: 2 }, message: /^no event: v: / },
  { it: 'a field that is missing', value: withoutCheck, message: /^no event: check: is missing$/ },
  { it: 'a number that is text', value: { ...event, port: '25' }, message: /^no event: port: .*number/ },
  { it: 'a time that is none', value: { ...event, time: 'noon' }, message: /^no event: time: / },
  {
    it: 'a word that is none of its',
    value: { ...event, verdict: 'maybe' },
    message: /^no event: verdict: /,
  },
  {
    it: 'a thing in a list',
    value: { ...event, recipients: ['a', 1] },
    message: /^no event: recipients\.1: /,
  },
] as const;

void describe('parseEvent', () => {
  void it('reads an event, of a later gateway too', () => {
    const later = { ...event, since_later: { deep: true } };
    assert.deepEqual(parseEvent(JSON.parse(JSON.stringify(later))), later);
  });

  for (const { it: what, value, message } of wrong) {
    void it(`says what is wrong: ${what}`, () =>
      assert.throws(() => parseEvent(value), { name: 'Error', message }));
  }
});

void describe('eventJsonSchema', () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(eventJsonSchema);

  void it('allows events, of a later gateway too', () => {
    assert.ok(validate(event), JSON.stringify(validate.errors));
    assert.ok(validate({ ...event, since_later: 1 }));
  });

  for (const { it: what, value } of wrong.filter((each) => each.it !== 'a time that is none')) {
    void it(`refuses ${what}`, () => assert.equal(validate(value), false));
  }
});

interface Kept {
  readonly it: string;
  /** The section `audit`. */
  readonly audit: () => string;
}

const stores: readonly Kept[] = [
  { it: 'SQLite', audit: () => '{store: sqlite}' },
  { it: 'files', audit: () => '{store: file, file: var/events.jsonl, max_bytes: 100000}' },
  {
    it: 'PostgreSQL',
    audit: () =>
      `{store: postgresql, postgresql: {host: ${server?.folder ?? ''}, port: ${server?.port ?? 0}, database: postgres, user: gatekeeper, tls: off}}`,
  },
];

let server: Postgresql | undefined;

void describe('openEvents', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-reader-'));
  before(async () => {
    server = await startPostgresql();
  });
  after(async () => {
    await server?.stop();
    rmSync(base, { recursive: true, force: true });
  });

  let count = 0;
  const configure = (audit: string): string => {
    const config = join(base, String((count += 1)), 'config');
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'gatekeeper.yaml'), `${minimal}data_directory: data\naudit: ${audit}\n`);
    return config;
  };
  const gatewayAt = (config: string) =>
    openPlace(
      storePlace({ policy: readSettings(config).settings.policy, harakaDirectory: join(config, '..') }),
    );
  const found = async (config: string, query?: EventQuery): Promise<string[]> => {
    const reader = await openEvents({ config });
    try {
      const details = [];
      for await (const each of reader.events(query)) details.push(each.event.detail ?? '');
      return details;
    } finally {
      await reader.close();
    }
  };

  for (const { it: what, audit } of stores) {
    void it(`reads what a gateway writes, in ${what}, and goes on where it stopped`, async () => {
      const config = configure(audit());
      const gateway = gatewayAt(config);
      const write = (detail: string, minute: number) =>
        gateway.append([
          eventWith({ detail, login: `${detail}@corp.example`, verdict: 'refuse' }, noon + minute * 60_000),
        ]);
      for (const [minute, detail] of ['first', 'second', 'third'].entries()) await write(detail, minute);

      assert.deepEqual(await found(config), ['first', 'second', 'third']);
      assert.deepEqual(await found(config, { order: 'newest-first' }), ['third', 'second', 'first']);
      const [since, until] = [new Date(noon + 60_000), new Date(noon + 120_000)];
      assert.deepEqual(await found(config, { since, until }), ['second']);
      assert.deepEqual(await found(config, { mentions: 'third@corp.example' }), ['third']);

      const reader = await openEvents({ config });
      let place = 0;
      for await (const each of reader.events()) {
        place = each.place;
        if (each.event.detail === 'second') break;
      }
      await write('fourth', 3);
      const rest = [];
      for await (const each of reader.events({ after: place })) rest.push(parseEvent(each.event).detail);
      assert.deepEqual(rest, ['third', 'fourth']);
      await reader.close();
      await gateway.close();
    });
  }

  const faults = [
    { it: 'settings that are not there', config: () => join(base, 'nowhere'), error: SettingsError },
    { it: 'settings that are wrong', config: () => configure('{store: wax}'), error: SettingsError },
    { it: 'no event yet', config: () => configure('{store: sqlite}'), error: NoEventsYet },
    { it: 'no event yet, in files', config: () => configure('{store: file}'), error: NoEventsYet },
    { it: 'a file that is no database', config: () => withBroken(), error: EventsUnavailable },
    { it: 'a server that is not there', config: () => withoutServer(), error: EventsUnavailable },
  ] as const;
  const withBroken = (): string => {
    const config = configure('{store: sqlite}');
    void gatewayAt(config).close();
    for (const end of ['', '-wal', '-shm']) rmSync(join(config, `../data/events.db${end}`), { force: true });
    writeFileSync(
      join(config, '../data/events.db'),
      'no database at all, but long enough to be looked at\n'.repeat(100),
    );
    return config;
  };
  const withoutServer = (): string => {
    const config = configure(
      `{store: postgresql, postgresql: {host: ${base}, database: x, user: x, tls: off}}`,
    );
    void gatewayAt(config).close();
    return config;
  };
  for (const { it: what, config, error } of faults) {
    void it(`rejects with ${error.name}: ${what}`, async () => {
      const read = found(config());
      await assert.rejects(read, (thrown: Error) => {
        assert.ok(thrown instanceof error, `${thrown.name}: ${thrown.message}`);
        assert.equal(thrown.name, error.name);
        return true;
      });
    });
  }
});
