// What a process does that takes events and ends: PLACE (JSON) SPOOL UNWRITABLE COUNT.
import { setTimeout as delay } from 'node:timers/promises';
import type { StorePlace } from '../../../plugins/core/events/places.ts';
import { EventWriter } from '../../../plugins/core/events/writer.ts';
import { eventWith } from './sample-events.ts';

const [place = '', spoolFolder = '', unwritable = '', many = ''] = process.argv.slice(2);
const writer = new EventWriter({
  ...{ place: JSON.parse(place) as StorePlace, spoolFolder, isSpooling: unwritable === 'spool' },
  ...{ alarm: console.log, onLost: () => undefined },
});
process.on('exit', () => writer.finish());
writer.take(eventWith({ login: 'first' }));
await delay(600);
for (let number = 0; number < Number(many); number += 1) writer.take(eventWith({ login: `last ${number}` }));
// By itself: its thread keeps nobody here.
