import type { CellKind } from '../../core/readings/report.ts';
import { html, type Html } from '../html.ts';

const numbers = new Intl.NumberFormat('en');
const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

export function countText(value: number): string {
  return numbers.format(value);
}

/** Octets in decimal units, three digits. */
export function bytesText(value: number): string {
  let [rest, unit] = [Math.abs(value), 0];
  while (rest >= 999.5 && unit < units.length - 1) [rest, unit] = [rest / 1000, unit + 1];
  const digits = unit === 0 || rest >= 99.95 ? 0 : 1;
  return `${value < 0 ? '-' : ''}${rest.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** Minutes are enough where people compare; whoever needs more finds it in `datetime`. */
export function timeText(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? '–' : date.toISOString().slice(0, 16).replace('T', ' ');
}

export function time(milliseconds: number): Html {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return html`–`;
  return html`<time datetime="${date.toISOString()}">${timeText(milliseconds)}</time>`;
}

/** What a cell holds, as people read it. */
export function cellHtml(value: string | number | undefined, kind: CellKind): Html {
  if (value === undefined || value === '') return html`<span class="none">–</span>`;
  if (typeof value === 'string') return html`${value}`;
  if (kind === 'time') return time(value);
  return html`${kind === 'bytes' ? bytesText(value) : countText(value)}`;
}
