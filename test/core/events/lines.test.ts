import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { eventSchema } from '../../../plugins/core/events/event.ts';
import { openLineEvents } from '../../../plugins/core/events/lines.ts';
import { EventsUnavailable } from '../../../plugins/core/events/store.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';
import { eventWith } from './sample-events.ts';
import { found, key } from './stores.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-lines-'));
after(() => rmSync(base, { recursive: true }));

const event = (detail: string) => eventWith({ detail });
const details = async (file: string, options = {}) =>
  (await found(openAt(file, options))).map(({ event: { detail } }) => detail);
const openAt = (file: string, options = {}) =>
  openLineEvents({ file, maxBytes: 1e6, keep: 2, key, ...options });

void describe('events in files of lines', () => {
  void it('are lines of JSON that fit the schema, with their places, in a folder that is made', async () => {
    const file = join(base, 'new', 'events.jsonl');
    await openAt(file).append([event('one'), event('two\u2028\x9b')]);
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^\{"v":1,[^\n]*"place":\d{16}\}\n\{"v":1,[^\n]*"two\\u2028\\u009b"[^\n]*\}\n$/);
    for (const line of text.trimEnd().split('\n')) eventSchema.parse(JSON.parse(line));
  });

  void it('are rotated at their size, of which so many stay, and places grow over all of them', async () => {
    const file = join(base, 'rotating', 'events.jsonl');
    const options = { maxBytes: 900, keep: 2 };
    for (let number = 10; number < 40; number += 1) await openAt(file, options).append([event(`${number}`)]);
    const rotated = readdirSync(join(base, 'rotating')).filter((name) => name !== 'events.jsonl');
    assert.deepEqual(rotated.sort(), ['events.jsonl.1', 'events.jsonl.2']);
    const places = (await found(openAt(file, options))).map(({ place }) => place);
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
    assert.deepEqual((await details(file)).slice(-2), ['38', '39']);
  });

  void it('go to a new file where somebody has moved it away, and count on from there', async () => {
    const file = join(base, 'moved.jsonl');
    const store = openAt(file);
    await store.append([event('before')]);
    const [before] = await found(store);
    renameSync(file, `${file}.1`);
    await store.append([event('after')]);
    assert.deepEqual(await details(file), ['before', 'after']);
    assert.ok(((await found(store))[1]?.place ?? 0) > (before?.place ?? Infinity));
  });

  void it('pass over what is no event, and cut off the half of a line', async () => {
    const file = join(base, 'half.jsonl');
    await openAt(file).append([event('one')]);
    appendFileSync(file, 'no event\n{"v":1,"half');
    await openAt(file).append([event('two')]);
    assert.deepEqual(await details(file), ['one', 'two']);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /half/);
  });

  void it('are none where the disk was full, and there once it is not', async () => {
    const folder = join(base, 'full');
    mkdirSync(folder);
    const unmount = mountTmpfs(folder, '16k');
    try {
      const store = openAt(join(folder, 'events.jsonl'));
      await store.append([event('before')]);
      const many = Array.from({ length: 100 }, (_, number) => event(`${number}`));
      await assert.rejects(store.append(many), (error) => error instanceof EventsUnavailable && error.isFull);
      assert.equal((await found(store)).length, 1);
      await store.append([event('after')]);
      assert.deepEqual(await details(join(folder, 'events.jsonl')), ['before', 'after']);
    } finally {
      unmount();
    }
  });

  void it('read lines that were written before there were places', async () => {
    const file = join(base, 'old.jsonl');
    writeFileSync(file, `${JSON.stringify(event('old'))}\n`);
    await openAt(file).append([event('new')]);
    const [old, fresh] = await found(openAt(file), { order: 'oldest-first' });
    assert.deepEqual([old?.place, old?.event.detail, fresh?.event.detail], [0, 'old', 'new']);
  });
});
