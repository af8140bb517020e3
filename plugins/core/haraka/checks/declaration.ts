import { classOf } from '../../replies.ts';
import { stages } from './stages.ts';

/** Keys that a check may have. */
const keys = new Set<string>([
  ...[
    'name',
    'stage',
    'after',
    'before',
    'replies',
    'refusesAt',
    'judges',
    'isQuiet',
    'looksAhead',
    'looksAt',
  ],
  ...['mode', 'decide'],
]);

const longestReplyText = 200;

/** What cannot be meant of a declaration, perhaps an integrator's in plain JavaScript, one line each. */
export function declarationProblems(check: unknown): string[] {
  if (typeof check !== 'object' || check === null)
    return ['a check is an object with name, stage and decide'];
  const given = check as Readonly<Record<string, unknown>>;
  const { name, stage, replies = {}, decide } = given;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]{0,31}\/[a-z][a-z0-9_-]{0,31}$/.test(name)) {
    return [`check ${shown(name)}: expected a name PLUGIN/CHECK of small letters, digits, - and _`];
  }
  const problems: string[] = [];
  const unknown = Object.keys(given).filter((key) => !keys.has(key));
  if (unknown.length > 0) problems.push(`has no use for ${unknown.join(', ')}`);
  if (typeof stage !== 'string' || !Object.hasOwn(stages, stage)) {
    problems.push(`stage ${shown(stage)} is none of ${Object.keys(stages).join(', ')}`);
  }
  if (typeof decide !== 'function') problems.push('decide is no function');
  for (const key of ['after', 'before'] as const) {
    if (!isListOfNames(given[key])) problems.push(`${key} is no list of names of checks`);
  }
  problems.push(...replyProblems(replies));
  return problems.map((problem) => `check ${name}: ${problem}`);
}

function isListOfNames(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

function replyProblems(replies: unknown): string[] {
  if (typeof replies !== 'object' || replies === null) return ['replies is no table by reason'];
  return Object.entries(replies).flatMap(([reason, reply]: [string, unknown]) => {
    const problem = reasonProblem(reason) ?? replyProblem(reply);
    return problem === undefined ? [] : [`replies[${shown(reason)}] ${problem}`];
  });
}

function reasonProblem(reason: string): string | undefined {
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(reason)) return 'is no reason: expected small letters, digits and -';
  return classOf(reason) === undefined ? undefined : 'is a reason of the gateway, which has its own reply';
}

/** RFC 5321 §4.2, RFC 3463 §2: the class of both codes is the same. */
function replyProblem(reply: unknown): string | undefined {
  const { code, status, text } = (reply ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string' || !/^[45][0-5]\d$/.test(code)) return 'needs a code 4xx or 5xx, as text';
  const [digit = ''] = code;
  if (typeof status !== 'string' || !new RegExp(`^${digit}\\.\\d{1,3}\\.\\d{1,3}$`).test(status)) {
    return `needs a status ${digit}.x.x (RFC 3463)`;
  }
  if (typeof text !== 'string' || !/^[\x20-\x7e]+$/.test(text) || text.length > longestReplyText) {
    return `needs a text of printable US-ASCII, ${longestReplyText} characters at most`;
  }
  return undefined;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : typeof value;
}
