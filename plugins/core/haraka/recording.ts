import type { Connection, Plugin } from './types.ts';

/** Hears why an event was not recorded. */
export type Complain = (error: unknown) => void;

/** Does what records something. Never throws: what was decided stands without its trail, and the log says that it has none. */
export function recording(plugin: Plugin, work: (complain: Complain) => void, connection?: Connection): void {
  const complain: Complain = (error) => {
    const about = connection ? [connection] : [];
    plugin.logerror(...about, `an event was not recorded: ${String(error)}`);
  };
  try {
    work(complain);
  } catch (error) {
    complain(error);
  }
}
