import { InvalidArgumentError, Option, type Command } from 'commander';
import { eventSchema } from '../core/events/event.ts';
import { stoppedReasons } from '../core/provenance/judge.ts';
import { replies } from '../core/replies.ts';
import { parseSince, type EventFilter } from './event-filter.ts';

/** The options that choose among events, by what they choose by. */
const filters: { readonly [Name in keyof EventFilter]-?: () => Option } = {
  since: () =>
    new Option('--since <time>', 'not before an ISO time, or a span: 10m, 2h, 3d').argParser((text) =>
      parseSince(text),
    ),
  refused: () => new Option('--refused', 'only what a client was refused, for good or for now'),
  verdict: () =>
    new Option('--verdict <verdict>', 'only this verdict').choices(eventSchema.shape.verdict.options),
  check: () => new Option('--check <check>', 'only of this check, as PLUGIN/CHECK'),
  reason: () =>
    new Option('--reason <reason>', 'only for this reason').choices([
      ...Object.keys(replies),
      ...stoppedReasons,
    ]),
  identity: () => new Option('--identity <name>', 'only of this identity, by its name or id'),
  login: () => new Option('--login <login>', 'only where a login called itself so'),
  credential: () => new Option('--credential <name>', 'only with this application password'),
  client: () => new Option('--client <address>', 'only from this address'),
  reference: () => new Option('--reference <text>', 'only whose reference has this text'),
};

/** Adds some of them to a command, all without names. */
export function addFilters(
  command: Command,
  names: readonly (keyof EventFilter)[] = Object.keys(filters) as (keyof EventFilter)[],
): Command {
  for (const name of names) command.addOption(filters[name]());
  return command;
}

/** Reads the value of an option that counts. */
export function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}
