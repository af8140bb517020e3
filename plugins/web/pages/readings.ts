import type { Report, Section, SectionName } from '../../core/readings/report.ts';
import type { Answer } from '../answer.ts';
import { when } from '../../core/readings/words.ts';
import { html, type Html } from '../html.ts';
import { countText, time } from '../render/format.ts';
import { linked, sectionHtml, tableHtml, type Linker } from '../render/section.ts';
import { chart } from '../render/chart.ts';
import { pageAnswer, type Visit } from './place.ts';
import { spanChooser, spanOf, type Chosen } from './span.ts';

/** Which subjects of the report a page shows. */
interface ReadingPage {
  readonly title: string;
  readonly lead: string;
  readonly sections: readonly SectionName[];
}

/** By path. */
export const readingPages: Readonly<Record<string, ReadingPage>> = {
  '/logins': {
    title: 'Logins',
    lead: 'Who failed to log in, from where, and what it looks like.',
    sections: ['logins'],
  },
  '/senders': {
    title: 'Senders',
    lead: 'Who sends how much, and who looks taken over.',
    sections: ['takeover', 'flow'],
  },
  '/misconfigured': {
    title: 'Misconfigured',
    lead: 'Clients that do it wrong, with the sentence to send to whoever owns the device.',
    sections: ['misconfigured'],
  },
  '/impersonation': {
    title: 'Impersonation',
    lead: 'Who claimed to be us, and whom the rules that only observe would have refused.',
    sections: ['impersonation', 'withheld'],
  },
};

/** Names that lead to the trail: what has an @, and addresses of clients. */
export const traceLink: Linker = (text) => {
  const isTraceable =
    /^[^\s<>@/]+@[^\s<>@/]+$/.test(text) || /^(?:\d+\.){3}\d+$|^[\da-f:]*:[\da-f:.]+$/i.test(text);
  return isTraceable ? `/trace?what=${encodeURIComponent(text)}` : undefined;
};

/** A page that shows a part of the report, whatever is in it. */
export async function readingAnswer(visit: Visit, { title, lead, sections }: ReadingPage): Promise<Answer> {
  const chosen = spanOf(visit.query, visit.site.now());
  const report = await visit.site.report(chosen);
  const shown = sections.flatMap((name) => report.sections.find((section) => section.name === name) ?? []);
  // Of flow nothing is read, so that nothing is missing.
  const told = shown.map((section) => (section.name === 'flow' ? { ...section, noFindings: '' } : section));
  const content = html`${told.map((section) => sectionHtml(section, traceLink))}`;
  const led = `${lead}${countedUntil(report, chosen)}`;
  return pageAnswer(visit, { title, lead: led, tools: spanChooser(visit.path, chosen), content });
}

/** Of a report that was read some time ago, while a newer one is read. */
function countedUntil({ until }: Report, chosen: Chosen): string {
  if (until >= chosen.until.getTime()) return '';
  return ` Counted until ${when(until)}; what came since is being added.`;
}

/** Of each subject so many findings stand on the overview. */
const mostFindings = 4;

/** The whole in figures, what somebody should look at, and how mail flows. */
export async function overviewAnswer(visit: Visit): Promise<Answer> {
  const chosen = spanOf(visit.query, visit.site.now());
  const report = await visit.site.report(chosen);
  const flow = report.sections.find(({ name }) => name === 'flow');
  return pageAnswer(visit, {
    title: 'Overview',
    lead: `The last ${chosen.title} at a glance.${countedUntil(report, chosen)}`,
    tools: spanChooser(visit.path, chosen),
    content: html`${flow && figures(flow)} ${attention(report, chosen.name)} ${flow && flowPart(flow)}`,
  });
}

/** The sum of each line over the time. */
function figures({ series }: Section): Html {
  const [first] = series;
  if (!first) return html``;
  return html`<dl class="figures">
    ${first.lines.map(
      ({ name, values }) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${countText(values.reduce((sum, value) => sum + value, 0))}</dd>
        </div>`,
    )}
  </dl>`;
}

function attention({ sections }: Report, since: string): Html {
  const groups = sections.filter(({ findings }) => findings.length > 0);
  return html`<section class="attention" aria-labelledby="attention-title">
    <h2 id="attention-title">Worth a look</h2>
    ${
      groups.length === 0
        ? html`<p class="calm">
            Nothing stands out. Guessed passwords, accounts that look taken over, devices that do it wrong and
            mail that claims to be ours would stand here, with the evidence and what to do.
          </p>`
        : html`<div class="groups">${groups.map((section) => attentionGroup(section, since))}</div>`
    }
  </section>`;
}

function attentionGroup({ name, title, findings }: Section, since: string): Html {
  const path = Object.entries(readingPages).find(([, page]) => page.sections.includes(name))?.[0] ?? '/';
  const more = findings.length - mostFindings;
  return html`<section class="group" aria-labelledby="attention-${name}">
    <h3 id="attention-${name}"><a href="${path}?since=${since}">${title}</a></h3>
    <ul>
      ${findings.slice(0, mostFindings).map(
        ({ reading, subject, says, last }) =>
          html`<li>
            <p><span class="reading">${reading}</span> <strong>${linked(subject, traceLink)}</strong></p>
            <p class="says">${says}</p>
            <p class="when">last ${time(last)}</p>
          </li>`,
      )}
    </ul>
    ${more > 0 && html`<p class="omitted"><a href="${path}?since=${since}">and ${countText(more)} more</a></p>`}
  </section>`;
}

function flowPart({ name, title, about, series, tables }: Section): Html {
  return html`<section class="subject" aria-labelledby="${name}-title">
    <h2 id="${name}-title">${title}</h2>
    <p class="about">${about}</p>
    ${series.map((each) => chart(each, `${name}-${each.name}`))}
    ${tables.map((table) => tableHtml(table, `${name}-${table.name}`, traceLink))}
  </section>`;
}
