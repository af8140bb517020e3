import type { DigestSettings } from '../../core/settings/audit.ts';

/** The day, in local time, whose digest is due; `sent` is that for which one was sent last. */
export function dueDay(
  { at }: Pick<DigestSettings, 'at'>,
  sent: string | undefined,
  now: Date,
): string | undefined {
  const today = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  // Compared by the clock on the wall: an hour that a day in spring does not have is over with the next.
  const isTime = `${two(now.getHours())}:${two(now.getMinutes())}` >= at;
  return isTime && sent !== today ? today : undefined;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
