import { parseDomain } from './mailbox.ts';

/** Patterns of settings: a domain stands for itself, `*.DOMAIN` for all that is below it, and not for itself. */

/** As which a pattern is compared: in A-labels and small letters; nothing behind `*.` for what is no domain. */
export function patternKey(pattern: string): string {
  const isBelow = pattern.startsWith('*.');
  return `${isBelow ? '*.' : ''}${parseDomain(isBelow ? pattern.slice(2) : pattern) ?? ''}`;
}

/** The patterns that a domain can be meant by, the nearest first: itself, then `*.` and each one above it. */
export function patternsFor(domain: string): readonly string[] {
  const labels = domain.split('.');
  return [domain, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)];
}
