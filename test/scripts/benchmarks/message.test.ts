import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measured } from '../../../scripts/benchmarks/measured.ts';
import { readOptions } from '../../../scripts/benchmarks/options.ts';
import { messageTextOf } from '../../../scripts/benchmarks/message-report.ts';
import type { MessageFigures } from '../../../scripts/benchmarks/message.ts';

describe('scripts/bench message', () => {
  it('has everybody read a header of 4 KiB, and Gatekeeper judge it', async () => {
    // A turn is shorter than the command line lets anybody have it.
    const brief = { ...readOptions(['message', '--json', '--rounds', '1']), seconds: 0.1 };
    const printed = await measured(brief, { say: () => undefined, signal: new AbortController().signal });
    const figures = JSON.parse(printed) as MessageFigures;
    assert.ok(Math.abs(figures.octets - 4096) < 200, `${figures.octets} octets`);
    assert.deepEqual(
      figures.entries.map(({ name, turns }) => [name, turns.length, turns.every((figure) => figure > 0)]),
      ['gatekeeper', 'nodemailer', 'mailparser'].map((name) => [name, 1, true]),
    );
    const machine = { processor: 'x', cores: 2, versions: {} };
    assert.match(messageTextOf(figures, machine, 1), /^mailparser: the header +[\d.]+ /m);
  });
});
