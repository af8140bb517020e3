import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { defineCheck as declareOurs } from '../../../../plugins/core/haraka/checks/check.ts';
import {
  checksOf,
  demandedClearances,
  install,
  orderChecks,
  orderOfChecks,
} from '../../../../plugins/core/haraka/checks/installed.ts';
import { checkOf } from '../../../../plugins/core/haraka/checks/made.ts';
import { defineCheck } from '../../../../plugins/core/haraka/checks/of-others.ts';
import type { ToldStage } from '../../../../plugins/core/haraka/facts/told.ts';
import type { Plugin } from '../../../../plugins/core/haraka/types.ts';
import { pass } from '../../../../plugins/core/verdict.ts';

interface Registered {
  readonly hook: string;
  readonly method: string;
}

/** What Haraka hands to `register`, as far as checks need it. */
function pluginCalled(name: string): { readonly plugin: Plugin; readonly registered: readonly Registered[] } {
  const registered: Registered[] = [];
  const register = (hook: string, method: string) => registered.push({ hook, method });
  return { plugin: { name, register_hook: register } as unknown as Plugin, registered };
}

interface Order {
  readonly after?: readonly string[];
  readonly before?: readonly string[];
}

const own = (name: string, stage: ToldStage = 'mail', order: Order = {}) =>
  checkOf(defineCheck({ name, stage, decide: () => pass, ...order }));

void describe('checks of several plugins, loaded in any order', () => {
  const zeal = pluginCalled('zeal');
  const audit = pluginCalled('audit');
  before(() => {
    // Those of others first, and by no order of their names.
    install(zeal.plugin, [
      own('zeal/b'),
      own('zeal/a_b'),
      own('zeal/a-b'),
      own('zeal/early', 'mail', { before: ['sender/x'], after: ['zeal/first'] }),
      own('zeal/first'),
    ]);
    install(pluginCalled('able').plugin, [
      own('able/last', 'mail', { after: ['zeal/b'] }),
      own('able/one'),
      own('able/login', 'auth'),
      own('able/leaves', 'delivery'),
      own('able/rcpt', 'rcpt'),
      own('able/out', 'outbound'),
      own('able/come', 'connect'),
    ]);
    const ours = (name: string) => declareOurs({ name, stage: 'mail', decide: () => pass });
    install(pluginCalled('sender').plugin, [ours('sender/x'), ours('sender/a')]);
    const stored = (stage: 'queue' | 'gate') => declareOurs({ name: 'audit/x', stage, decide: () => pass });
    install(audit.plugin, [stored('queue'), stored('gate')]);
    assert.deepEqual(orderChecks(), []);
  });

  void it('decide after ours and by name, but for what they declare', () => {
    assert.deepEqual(orderOfChecks(), {
      connect: ['able/come'],
      auth: ['able/login'],
      mail: [
        ...[
          'sender/a',
          'zeal/first',
          'zeal/early',
          'sender/x',
          'able/one',
          'zeal/a-b',
          'zeal/a_b',
          'zeal/b',
          'able/last',
        ],
      ],
      rcpt: ['able/rcpt'],
      queue: ['audit/x'],
      outbound: ['able/out'],
      gate: ['audit/x'],
      delivery: ['able/leaves'],
    });
  });

  void it('stand at their hook in that order, and between whole numbers, where others stand', () => {
    const priorities = checksOf('mail').map(({ place }) => place?.priority ?? NaN);
    assert.deepEqual(
      priorities,
      priorities.toSorted((one, other) => one - other),
    );
    assert.equal(new Set(priorities).size, priorities.length);
    for (const each of priorities) assert.ok(each >= -90 && each < -89, String(each));
  });

  void it('each have a method of their own, also where names differ by - and _, or a name is at two stages', () => {
    for (const { plugin, registered } of [zeal, audit]) {
      const methods = registered.map(({ method }) => Reflect.get(plugin, method) as unknown);
      assert.equal(new Set(methods).size, registered.length);
      assert.ok(methods.every((each) => typeof each === 'function'));
    }
  });

  void it('are asked for by the gate, all of them but those of deliveries', () => {
    const demanded = demandedClearances().map(({ check, clears }) => `${clears} ${check}`);
    assert.deepEqual(demanded.sort(), [
      'departure able/out',
      'login able/login',
      ...[
        'able/last',
        'able/one',
        'sender/a',
        'sender/x',
        'zeal/a-b',
        'zeal/a_b',
        'zeal/b',
        'zeal/early',
        'zeal/first',
      ].map((name) => `message ${name}`),
      'recipient able/rcpt',
      'session able/come',
    ]);
  });
});
