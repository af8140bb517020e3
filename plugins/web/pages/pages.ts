import type { Answer } from '../answer.ts';
import { heldAction, heldAnswer } from './held-page.ts';
import type { Action, Visit } from './place.ts';
import { overviewAnswer, readingAnswer, readingPages } from './readings.ts';
import { settingsAnswer } from './settings-page.ts';
import { traceAnswer } from './trace-page.ts';

/** What is answered to who reads, by path. */
export const pages: Readonly<Record<string, (visit: Visit) => Answer | Promise<Answer>>> = {
  '/': overviewAnswer,
  ...Object.fromEntries(
    Object.entries(readingPages).map(([path, page]) => [path, (visit: Visit) => readingAnswer(visit, page)]),
  ),
  '/trace': traceAnswer,
  '/held': heldAnswer,
  '/settings': settingsAnswer,
};

/** What is done with a form of an admin, by path. */
export const actions: Readonly<Record<string, (action: Action) => Promise<Answer>>> = {
  '/held': heldAction,
};
