import constants from 'haraka-constants';
import type { Connection, Next, Plugin } from '../types.ts';

const method = 'gatekeeper_refusal_stands';

/**
 * Haraka lets a `deny` hook of another plugin turn a refusal into a pass (karma and delay_deny do).
 * Ours runs first and ends that chain when the refusal is ours; a `deny` hook at the same priority that was
 * loaded earlier still wins, which is why the gate does not refuse through hooks.
 */
export function guardRefusals(plugin: Plugin, isOurs: (name: unknown) => boolean): void {
  const guard = (next: Next, _connection: Connection, params: readonly unknown[]) => {
    next(isOurs(params[2]) ? constants.stop : constants.cont);
  };
  Object.assign(plugin, { [method]: guard });
  plugin.register_hook('deny', method, -100);
}
