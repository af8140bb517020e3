import type { Column, Finding, Section, Table } from '../../core/readings/report.ts';
import { html, type Html } from '../html.ts';
import { chart } from './chart.ts';
import { cellHtml, countText, time } from './format.ts';

/** Where a page is to which somebody's name leads; none, in a file. */
export type Linker = (text: string) => string | undefined;

export const noLinks: Linker = () => undefined;

/** One subject of a report, whatever is in it. */
export function sectionHtml(section: Section, link: Linker): Html {
  const { name, title, about, series, tables } = section;
  return html`<section class="subject" id="${name}" aria-labelledby="${name}-title">
    <h2 id="${name}-title">${title}</h2>
    <p class="about">${about}</p>
    ${series.map((each) => chart(each, `${name}-${each.name}`))} ${findingsHtml(section, link)}
    ${tables.map((table) => tableHtml(table, `${name}-${table.name}`, link))}
  </section>`;
}

function findingsHtml({ findings, noFindings }: Section, link: Linker): Html {
  if (findings.length === 0) return noFindings === '' ? html`` : html`<p class="calm">${noFindings}</p>`;
  return html`<div class="findings">${findings.map((finding) => findingHtml(finding, link))}</div>`;
}

/** A hint with its evidence, and what to do. */
function findingHtml(finding: Finding, link: Linker): Html {
  const { reading, subject, says, evidence, remedy, count, first, last } = finding;
  return html`<article class="finding">
    <h3><span class="reading">${reading}</span> ${linked(subject, link)}</h3>
    <p class="says">${says}</p>
    <ul class="evidence">
      ${evidence.map((line) => html`<li>${line}</li>`)}
    </ul>
    ${remedy !== '' && html`<p class="remedy"><strong>What to do</strong> ${remedy}</p>`}
    <p class="when">${countText(count)} × · ${time(first)} to ${time(last)} UTC</p>
  </article>`;
}

/** A name that leads on, where there is a page about it. */
export function linked(text: string, link: Linker): Html {
  const target = link(text);
  return target === undefined ? html`${text}` : html`<a href="${target}">${text}</a>`;
}

/** A table that stands within a phone: it moves sideways in its own frame. */
export function tableHtml(
  { title, about, columns, rows, omitted, empty }: Table,
  id: string,
  link: Linker,
): Html {
  return html`<div class="table">
    <h3 id="${id}-title">${title}</h3>
    <p class="about">${about}</p>
    ${
      rows.length === 0
        ? html`<p class="empty">${empty}</p>`
        : html`<div class="scroll" role="region" aria-labelledby="${id}-title" tabindex="0">
            <table>
              <thead>
                <tr>
                  ${columns.map(({ title: head, kind }) => html`<th scope="col" class="${classOf(kind)}">${head}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${rows.map(
                  (row) =>
                    html`<tr>
                      ${columns.map((column, at) => cell(row[column.name], column, at, link))}
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    ${omitted > 0 && html`<p class="omitted">and ${countText(omitted)} more, which are smaller</p>`}
  </div>`;
}

/** The first column names the row. */
function cell(value: string | number | undefined, { kind }: Column, at: number, link: Linker): Html {
  const isName = typeof value === 'string' && value !== '';
  const content = isName ? linked(value, link) : cellHtml(value, kind);
  if (at === 0) return html`<th scope="row" class="${classOf(kind)}">${content}</th>`;
  return html`<td class="${classOf(kind)}">${content}</td>`;
}

function classOf(kind: Column['kind']): string {
  if (kind === 'text') return 'text';
  return kind === 'time' ? 'time' : 'number';
}
