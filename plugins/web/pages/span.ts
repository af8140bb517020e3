import { html, type Html } from '../html.ts';
import type { Span } from '../site.ts';

/** The times that can be chosen, by what stands in the address. */
const choices = [
  { name: '24h', title: '24 hours', hours: 24 },
  { name: '7d', title: '7 days', hours: 7 * 24 },
  { name: '30d', title: '30 days', hours: 30 * 24 },
] as const;

const [usual] = choices;

export interface Chosen extends Span {
  readonly name: string;
  readonly title: string;
}

export function spanOf(query: URLSearchParams, now: number): Chosen {
  const wanted = query.get('since');
  return spanAt(choices.find((choice) => choice.name === wanted) ?? usual, now);
}

/** Until the end of this minute, so that who asks again at once gets the same. */
function spanAt({ name, title, hours }: (typeof choices)[number], now: number): Chosen {
  const until = (Math.floor(now / 60_000) + 1) * 60_000;
  return { name, title, since: new Date(until - hours * 3_600_000), until: new Date(until) };
}

/** What can be chosen, as of some time each. */
export function spansAt(now: () => number): readonly (() => Chosen)[] {
  return choices.map((choice) => () => spanAt(choice, now()));
}

/** Links to the same page about another time. */
export function spanChooser(path: string, chosen: Chosen): Html {
  return html`<nav class="spans" aria-label="Time">
    ${choices.map(
      ({ name, title }) =>
        html`<a href="${path}?since=${name}" ${name === chosen.name && html`aria-current="true"`}
          >${title}</a
        >`,
    )}
  </nav>`;
}
