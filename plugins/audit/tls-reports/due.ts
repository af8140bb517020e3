import { hash } from 'node:crypto';
import { longestDelayMs } from '../../core/events/store.ts';
import { dayMs, dayOf, hourMs } from '../../core/events/tallies.ts';

/** RFC 8460 §4.1: so that not all the world writes at midnight; and not before what fell on the day is written. */
const shortestMs = 1.5 * longestDelayMs;
const longestMs = 4 * hourMs;

/** The day (UTC) that is over, by its beginning, once its reports may be sent; each host has its own time of each day. */
export function reportedDay(node: string, now: number): number | undefined {
  const today = dayOf(now);
  const day = today - dayMs;
  return now >= today + delayOf(node, day) ? day : undefined;
}

/** By chance, but the same whenever it is asked: a restart changes nothing. */
export function delayOf(node: string, day: number): number {
  const chance = Number.parseInt(hash('sha256', `${node} ${day}`).slice(0, 12), 16) / 2 ** 48;
  return shortestMs + chance * (longestMs - shortestMs);
}
