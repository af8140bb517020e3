import type { Series } from '../../core/readings/report.ts';
import { html, type Html } from '../html.ts';
import { bytesText, countText, timeText } from './format.ts';

/** In the units of the drawing, which grows with the page. */
const size = { width: 760, height: 240, left: 52, right: 12, top: 12, bottom: 28 } as const;
const inner = {
  width: size.width - size.left - size.right,
  height: size.height - size.top - size.bottom,
} as const;

/** Lines are told apart by colour and by dashes; the style has so many of both. */
const mostStyles = 6;

/** Numbers over time: drawn here, so that it needs no script; the numbers themselves stand below for who cannot see it. */
export function chart(series: Series, id: string): Html {
  const { title, lines, times } = series;
  const total = lines.flatMap(({ values }) => values).reduce((sum, value) => sum + value, 0);
  if (times.length === 0 || total === 0) return html``;
  return html`<figure
    class="chart"
    id="${id}"
    data-series="${JSON.stringify({ times, lines, bytes: isOfBytes(series) })}"
  >
    <figcaption>${title}</figcaption>
    <ul class="legend">
      ${lines.map(({ name }, index) => html`<li>${swatch(index)}${name}</li>`)}
    </ul>
    <div class="plot">${drawing(series)}</div>
    <details class="numbers">
      <summary>Numbers of “${title}”</summary>
      ${numbersTable(series)}
    </details>
  </figure>`;
}

function isOfBytes({ name }: Series): boolean {
  return name === 'bytes';
}

function amountText(series: Series, value: number): string {
  return isOfBytes(series) ? bytesText(value) : countText(value);
}

function swatch(index: number): Html {
  return html`<svg class="swatch" viewBox="0 0 24 8" aria-hidden="true">
    <path class="line ${styleOf(index)}" d="M1 4H23" />
  </svg>`;
}

function styleOf(index: number): string {
  return `line-${index % mostStyles}`;
}

function drawing(series: Series): Html {
  const { title, lines, times } = series;
  const top = niceTop(Math.max(...lines.flatMap(({ values }) => values)));
  const x = (index: number) => size.left + (inner.width * index) / Math.max(1, times.length - 1);
  const y = (value: number) => size.top + inner.height * (1 - value / top);
  const steps = [0, top / 2, top].filter((value) => Number.isInteger(value));
  return html`<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}: a chart">
    ${steps.map(
      (value) =>
        html`<path class="grid" d="M${size.left} ${y(value).toFixed(1)}H${size.width - size.right}" />
          <text class="tick" x="${size.left - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">
            ${amountText(series, value)}
          </text>`,
    )}
    ${ticksOf(times).map(
      (index) =>
        html`<text
          class="tick"
          x="${x(index).toFixed(1)}"
          y="${size.height - 8}"
          text-anchor="${anchorOf(index, times)}"
        >
          ${labelOf(times, index)}
        </text>`,
    )}
    ${lines.map(
      ({ values }, index) =>
        html`<path
          class="line ${styleOf(index)}"
          d="${pathOf(values.map((value, at) => [x(at), y(value)]))}"
        />`,
    )}
  </svg>`;
}

function pathOf(points: readonly (readonly [number, number])[]): string {
  if (points.length === 1) {
    const [[x, y] = [0, 0]] = points;
    return `M${x.toFixed(1)} ${y.toFixed(1)}h${inner.width}`;
  }
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** The next of 1, 2, 5, 10, 20, …, which halves well or is one. */
function niceTop(most: number): number {
  const scale = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return ([1, 2, 4, 6, 10].find((factor) => factor * scale >= most) ?? 10) * scale;
}

/** Places of at most five labels, the first and the last among them. */
function ticksOf(times: readonly number[]): readonly number[] {
  const last = times.length - 1;
  const count = Math.min(4, last);
  if (count === 0) return [0];
  return [...new Set(Array.from({ length: count + 1 }, (_, step) => Math.round((last * step) / count)))];
}

function anchorOf(index: number, times: readonly number[]): string {
  if (index === 0) return 'start';
  return index === times.length - 1 ? 'end' : 'middle';
}

/** Within two days the hour, beyond them the day. */
function labelOf(times: readonly number[], index: number): string {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const text = timeText(times[index] ?? 0);
  return last - first <= 2 * 86_400_000 ? text.slice(5) : text.slice(5, 10);
}

function numbersTable(series: Series): Html {
  const { title, lines, times } = series;
  return html`<div class="scroll" role="region" aria-label="Numbers of “${title}”" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">From (UTC)</th>
          ${lines.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${times.map(
          (each, at) =>
            html`<tr>
              <th scope="row">${timeText(each)}</th>
              ${lines.map(({ values }) => html`<td class="number">${amountText(series, values[at] ?? 0)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
