import type { EventSink } from '../events/sink.ts';
import { start } from './startup.ts';
import type { Plugin } from './types.ts';

const offered: EventSink[] = [];
let isServed = false;

/** Has a sink of a plugin be handed all events; what speaks against it stops the start. */
export function offerEventSink(plugin: Plugin, sink: EventSink): void {
  offered.push(sink);
  const problems = () => [
    ...(isServed
      ? []
      : [`the event sink ${sink.name} needs gatekeeper/audit, which config/plugins does not load`]),
    ...(offered.find(({ name }) => name === sink.name) === sink
      ? []
      : [`two event sinks are called ${sink.name}, one of them in ${plugin.name}`]),
  ];
  start(plugin, { problems });
}

/** The sinks of all plugins, for the one that hands over; all of them are there once Haraka has loaded its plugins. */
export function serveEventSinks(): readonly EventSink[] {
  isServed = true;
  return offered;
}
