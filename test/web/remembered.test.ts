import assert from 'node:assert/strict';
import { beforeEach, describe, it, mock } from 'node:test';
import { keepReady, remembered } from '../../plugins/web/remembered.ts';
import type { Span } from '../../plugins/web/site.ts';
import type { Report } from '../../plugins/core/readings/report.ts';

/** A report that is read once somebody says so. */
interface Reading {
  readonly done: (error?: Error) => void;
}

void describe('reports of the page', () => {
  let clock: number;
  let readings: Reading[];
  let ask: (hours?: number) => Promise<string>;

  beforeEach(() => {
    clock = 0;
    readings = [];
    const report = remembered(
      ({ until }) =>
        new Promise<Report>((resolve, reject) => {
          const done = (error?: Error) =>
            error ? reject(error) : resolve({ since: 0, until: until.getTime(), sections: [] });
          readings.push({ done });
        }),
      () => clock,
    );
    ask = async (hours = 24) => {
      const span = { since: new Date(clock - hours * 3_600_000), until: new Date(clock) };
      return `until ${(await report(span)).until}`;
    };
  });

  async function first(tookMs = 0): Promise<void> {
    const asked = ask();
    clock += tookMs;
    readings[0]?.done();
    assert.equal(await asked, 'until 0');
  }

  void it('are read once for all who ask at once', async () => {
    const asked = [ask(), ask(), ask()];
    readings[0]?.done();
    assert.deepEqual(await Promise.all(asked), ['until 0', 'until 0', 'until 0']);
    assert.equal(readings.length, 1);
  });

  void it('are the same for a moment', async () => {
    await first();
    clock = 14_999;
    assert.equal(await ask(), 'until 0');
    assert.equal(readings.length, 1);
  });

  void it('are the last one while a newer one takes long, and then that', async () => {
    await first(501);
    clock = 15_501;
    assert.equal(await ask(), 'until 0');
    assert.equal(await ask(), 'until 0');
    assert.equal(readings.length, 2, 'it is read once');
    readings[1]?.done();
    await new Promise(setImmediate);
    assert.equal(await ask(), 'until 15501');
  });

  void it('are waited for where the last one took not long: who has just sent a message looks for it', async () => {
    await first(500);
    clock = 15_500;
    const asked = ask();
    await new Promise((resolve) => setTimeout(resolve, 250));
    readings[1]?.done();
    assert.equal(await asked, 'until 15500');
  });

  void it('are the last one after a second, however long that one took', async () => {
    await first();
    clock = 15_000;
    assert.equal(await ask(), 'until 0');
  });

  void it('are the newer one where that is there at once', async () => {
    await first();
    clock = 15_000;
    const asked = ask();
    readings[1]?.done();
    assert.equal(await asked, 'until 15000');
  });

  void it('are waited for where the last one is old', async () => {
    await first();
    clock = 600_001;
    const asked = ask();
    await new Promise((resolve) => setTimeout(resolve, 250));
    readings[1]?.done();
    assert.equal(await asked, 'until 600001');
  });

  void it('are read again after one that failed', async () => {
    const asked = ask();
    readings[0]?.done(new Error('no store'));
    await assert.rejects(asked, /no store/);
    const again = ask();
    readings[1]?.done();
    assert.equal(await again, 'until 0');
  });

  void it('are apart for each span of time', async () => {
    await first();
    const asked = ask(168);
    assert.equal(readings.length, 2);
    readings[1]?.done();
    assert.equal(await asked, 'until 0');
  });

  void it('of a month may be five hours old', async () => {
    const asked = ask(720);
    readings[0]?.done();
    await asked;
    clock = 5 * 3_600_000;
    assert.equal(await ask(720), 'until 0');
  });

  void it('are read before anybody asks, one after the other, and again before they are too old', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const asked: number[] = [];
      let end: (error?: Error) => void = () => undefined;
      const report = ({ since }: Span) => {
        asked.push(-since.getTime() / 3_600_000);
        return new Promise<void>((resolve, reject) => {
          end = (error) => (error ? reject(error) : resolve());
        });
      };
      const spans = [24, 720].map((hours) => () => ({
        since: new Date(-hours * 3_600_000),
        until: new Date(0),
      }));
      keepReady(report, spans);
      await new Promise(setImmediate);
      assert.deepEqual(asked, [24]);
      end(new Error('no events yet'));
      await new Promise(setImmediate);
      assert.deepEqual(asked, [24, 720]);
      end();
      mock.timers.tick(299_999);
      await new Promise(setImmediate);
      assert.equal(asked.length, 2);
      mock.timers.tick(1);
      await new Promise(setImmediate);
      assert.deepEqual(asked, [24, 720, 24]);
    } finally {
      mock.timers.reset();
    }
  });
});
