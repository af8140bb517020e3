import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { far, home, Scene } from './scene.ts';

void describe('guessing from one network', () => {
  let scene: Scene;
  beforeEach(() => (scene = new Scene()));
  const account = (number: number) => `user-${number}@corp.example`;

  void it('at many accounts ends after twenty, and is told as spraying once', async () => {
    assert.equal(await scene.guess(100, (number) => ['198.51.100.1', 'Summer2026', account(number)]), 20);
    assert.deepEqual(scene.patterns, ['spraying']);
  });

  void it('by one bad device does not lock out the office', async () => {
    const office = Array.from({ length: 50 }, (_, number) => account(number));
    for (const person of office) await scene.try(home, 'right', person);
    await scene.guess(500, (number) => [home, `guess-${number}`, 'scanner@corp.example']);
    await scene.guess(500, (number) => [home, `guess-${number}`, account(0)]);
    assert.equal(await scene.try(home, 'right', account(0)), 'wait', 'whose device it is');
    for (const person of office.slice(1)) assert.equal(await scene.try(home, 'right', person), 'go');
  });

  void it('by a device of somebody who is known there lets a newcomer in', async () => {
    await scene.try(home);
    await scene.guess(500, () => [home]);
    assert.equal(await scene.try(home, 'right', 'newcomer@corp.example'), 'go');
  });

  void it('with the addresses of a /64 is that of one', async () => {
    const tried = await scene.guess(500, (number) => [
      `2001:db8:0:1:${number.toString(16)}::1`,
      `guess-${number}`,
      account(number),
    ]);
    assert.equal(tried, 20);
  });

  const wider = [
    {
      it: 'the /64 of a /56',
      tried: 80,
      client: (number: number) => `2001:db8:0:1${hex(number % 256, 2)}::1`,
    },
    { it: 'the /64 of a /48', tried: 320, client: (number: number) => `2001:db8:0:${hex(number * 7, 4)}::1` },
    { it: 'the addresses of a /24', tried: 80, client: (number: number) => `198.51.100.${number % 256}` },
  ];
  for (const { it: networks, tried, client } of wider) {
    void it(`with ${networks} is bounded, too`, async () => {
      assert.equal(await scene.guess(1000, (number) => [client(number), 'x', account(number)]), tried);
    });
  }

  void it('that many share counts by account alone', async () => {
    assert.equal(await scene.guess(100, (number) => ['203.0.113.99', 'x', account(number)]), 100);
    assert.equal(await scene.guess(100, (number) => ['203.0.113.99', `guess-${number}`]), 10);
  });

  void it('that cannot be told is counted by account', async () => {
    assert.equal(await scene.guess(100, () => ['unknown']), 10);
  });
});

void describe('stuffing', () => {
  void it('is told once: many accounts from many networks, each once', async () => {
    const scene = new Scene();
    await scene.guess(200, (number) => [far(number), 'leaked', `user-${number}@corp.example`]);
    assert.deepEqual(scene.patterns, ['stuffing']);
  });

  void it('is not what people mistype where they are known', async () => {
    const scene = new Scene();
    const person = (number: number) => `user-${number}@corp.example`;
    for (let number = 0; number < 200; number += 1) await scene.try(far(number), 'right', person(number));
    await scene.guess(200, (number) => [far(number), 'mistyped', person(number)]);
    assert.deepEqual(scene.patterns, []);
  });
});

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0').slice(-digits);
}
