import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { periodOf, readTicketKeys, ticketKeys, untilNextPeriod } from '../../plugins/tls/ticket-keys.ts';

void describe('the keys of TLS session tickets', () => {
  let directory: string;
  const file = (name: string) => join(directory, name);
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'gatekeeper-tickets-')), 'data');
  });
  afterEach(() => {
    rmSync(join(directory, '..'), { recursive: true });
  });

  void it('are made once in a period, and are others in the next', () => {
    assert.equal(readTicketKeys(directory, 7), undefined);
    const keys = ticketKeys(directory, 7);
    assert.equal(keys.length, 48);
    assert.deepEqual(ticketKeys(directory, 7), keys);
    assert.deepEqual(readTicketKeys(directory, 7), keys);
    assert.notDeepEqual(ticketKeys(directory, 8), keys);
  });

  void it('lie in a file that nobody else may read, and are gone with their period', () => {
    ticketKeys(directory, 7);
    assert.equal(statSync(file('tls-tickets.7')).mode & 0o777, 0o600);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    writeFileSync(file('tls-tickets.7.4711'), 'left by one that died');
    writeFileSync(file('received.key'), 'of somebody else');
    ticketKeys(directory, 8);
    assert.deepEqual(readdirSync(directory).sort(), ['received.key', 'tls-tickets.8']);
  });

  void it('of a machine whose clock is a little ahead stay, those of a clock that is far ahead do not', () => {
    ticketKeys(directory, 8);
    const keys = ticketKeys(directory, 7);
    assert.deepEqual(ticketKeys(directory, 7), keys);
    assert.deepEqual(readdirSync(directory).sort(), ['tls-tickets.7', 'tls-tickets.8']);
    ticketKeys(directory, 70);
    ticketKeys(directory, 9);
    assert.deepEqual(readdirSync(directory), ['tls-tickets.9']);
  });

  const unusable: readonly [string, (path: string) => void, RegExp][] = [
    [
      'may be read by others',
      (path) => {
        writeFileSync(path, Buffer.alloc(48));
        chmodSync(path, 0o640);
      },
      /may be read by others \(mode 0640\)/,
    ],
    [
      'is too short',
      (path) => {
        writeFileSync(path, Buffer.alloc(47), { mode: 0o600 });
      },
      /holds no keys/,
    ],
    [
      'is too long',
      (path) => {
        writeFileSync(path, Buffer.alloc(49), { mode: 0o600 });
      },
      /holds no keys/,
    ],
    [
      'is empty',
      (path) => {
        writeFileSync(path, '', { mode: 0o600 });
      },
      /holds no keys/,
    ],
    [
      'is a symbolic link',
      (path) => {
        writeFileSync(`${path}.real`, Buffer.alloc(48), { mode: 0o600 });
        symlinkSync(`${path}.real`, path);
      },
      /ELOOP/,
    ],
    [
      'is a folder',
      (path) => {
        mkdirSync(path, { mode: 0o700 });
      },
      /EISDIR/,
    ],
  ];
  for (const [what, make, problem] of unusable) {
    void it(`are none where the file ${what}`, () => {
      mkdirSync(directory);
      make(file('tls-tickets.7'));
      assert.throws(() => readTicketKeys(directory, 7), problem);
      assert.throws(() => ticketKeys(directory, 7), problem);
    });
  }

  void it('change every twelve hours', () => {
    const noon = Date.UTC(2026, 5, 1, 12);
    assert.equal(periodOf(noon) - periodOf(noon - 1), 1);
    assert.equal(periodOf(noon + 12 * 3600 * 1000 - 1), periodOf(noon));
    assert.equal(untilNextPeriod(noon), 12 * 3600 * 1000);
    assert.equal(untilNextPeriod(noon - 1), 1);
  });
});
