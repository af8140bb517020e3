import constants from 'haraka-constants';
import { addHook } from '../hook.ts';
import { definePatch, expect } from '../patch.ts';
import { answerOf, installedHook, stranger } from '../throw-away.ts';
import type { Connection, Next } from '../types.ts';

const method = 'gatekeeper_refusal_stands';

let isInForce = true;

/**
 * Haraka lets a `deny` hook of another plugin turn a refusal into a pass (karma and delay_deny do).
 * Ours runs first and ends that chain when the refusal is ours; a `deny` hook at the same priority that was
 * loaded earlier still wins, which is why the gate does not refuse through hooks.
 */
export const refusalsStand = definePatch({
  name: 'refusals-stand',
  reaches: 'the parameters of the hook `deny`, and its answer STOP',
  why: 'The hook is there to override refusals (haraka/Haraka#71), also those that must stand.',
  fallback: 'where another plugin overrides a refusal, the gate refuses the message after DATA',
  install: (plugin, isOurs: (name: unknown) => boolean) => {
    const guard = (next: Next, _connection: Connection, params: readonly unknown[]) => {
      next(isInForce && isOurs(params[2]) ? constants.stop : constants.cont);
    };
    addHook(plugin, 'deny', method, guard, -100);
    return () => {
      isInForce = false;
    };
  },
  selfTest(plugin) {
    const refuse = { run: (next: Next) => next(constants.deny, 'refused') };
    const override = { of: stranger, run: (next: Next) => next(constants.ok) };
    const deny = [installedHook(plugin, 'deny', method), override];
    const ours = answerOf(plugin, { probe: [{ ...refuse, of: plugin }], deny });
    expect('a refusal of ours to stand', ours === constants.deny);
    const theirs = answerOf(plugin, { probe: [{ ...refuse, of: stranger }], deny });
    expect('the refusal of another plugin to be overridden', theirs === constants.cont);
  },
});
