import type { Answer } from '../answer.ts';
import { html, type Html } from '../html.ts';
import type { SettingRow } from '../site.ts';
import { pageAnswer, type Visit } from './place.ts';

/** The settings as they are in the files now, secrets left out, those that somebody has set first. */
export function settingsAnswer(visit: Visit): Answer {
  const { revision, rows } = visit.site.settings();
  const { revision: ours, policy } = visit.site;
  const set = rows.filter(({ source }) => source !== 'default');
  const others = rows.filter(({ source }) => source === 'default');
  const stale =
    revision !== ours &&
    html`<p class="warning" role="status">
      The files have changed since this page was started: section web is in force as it was then. Start
      <code>gatekeeper web</code> again.
    </p>`;
  return pageAnswer(visit, {
    title: 'Settings',
    lead: 'What is in force, and where it is written. A secret is never shown, only where it comes from.',
    content: html`${stale}
      <dl class="facts">
        ${fact('Revision', html`<code>${revision}</code>`)}
        ${fact('Roles of this host', html`${policy.roles.join(', ')}`)}
        ${policy.emergency && fact('Emergency', html`every content policy only observes`)}
        ${fact('Admins of this page', html`${list(policy.web?.admins)}`)}
        ${fact('Viewers of this page', html`${list(policy.web?.viewers)}`)}
        ${fact('You', html`${visit.session.name}, ${visit.session.role}`)}
      </dl>
      ${rowsTable('set', 'Set here', set, 'Nothing is set: every setting has its default.')}
      <details>
        <summary>The ${others.length} settings that have their default</summary>
        ${rowsTable('defaults', 'Defaults', others, 'Every setting is set.')}
      </details>`,
  });
}

function fact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function list(names: readonly string[] = []): Html {
  return names.length === 0
    ? html`nobody`
    : html`${names.map((name) => html`<span class="line-of">${name}</span>`)}`;
}

function rowsTable(id: string, title: string, rows: readonly SettingRow[], empty: string): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="table">
    <h2 id="${id}-title">${title}</h2>
    <div class="scroll" role="region" aria-labelledby="${id}-title" tabindex="0">
      <table class="settings">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ key, value, source }) =>
              html`<tr>
                <th scope="row"><code>${key}</code></th>
                <td><code>${value}</code></td>
                <td>${source}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </div>`;
}
