import type { Story } from '../../core/trail/story.ts';
import type { Answer } from '../answer.ts';
import { html, type Html } from '../html.ts';
import { time } from '../render/format.ts';
import { statesOf, storyHtml, text } from '../render/story.ts';
import { lookUp, tellLookup, type Looked, type Trail } from '../trail.ts';
import { pageAnswer, type Visit } from './place.ts';
import { traceLink } from './readings.ts';

/** Longer than any Message-ID that is of use (RFC 5322 §2.1.1). */
const longestWhat = 1000;

/** Looks for messages, writes down that somebody did, and shows the life of the one that was found, or a list. */
export async function traceAnswer(visit: Visit): Promise<Answer> {
  const asked = readQuery(visit.query);
  const isAsked = asked.what !== '' || asked.since !== undefined || asked.until !== undefined;
  const found = isAsked ? await find(visit, asked) : undefined;
  return pageAnswer(visit, {
    title: 'Trace',
    lead: 'Who sent a message, how, and what became of it. Each search is written down in the trail, with your name.',
    content: html`${form(visit.query)} ${found ? resultsHtml(visit, asked, found) : hintHtml()}`,
  });
}

async function find({ site, session, client }: Visit, asked: Looked): Promise<Trail> {
  const { name: by, role } = session;
  const span = [asked.since, asked.until].map((date) => date?.toISOString().slice(0, 16));
  const what = [asked.what, ...span].filter((each) => each !== undefined && each !== '').join(' ');
  await tellLookup(site, { by, client, what });
  return lookUp(site, asked, role);
}

function readQuery(query: URLSearchParams): Looked {
  const what = (query.get('what') ?? '').trim().slice(0, longestWhat);
  return { what, since: dateOf(query.get('from')), until: dateOf(query.get('to')) };
}

/** As `datetime-local` writes it; here it is UTC. */
function dateOf(text: string | null): Date | undefined {
  if (text === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/.test(text)) return undefined;
  const date = new Date(`${text}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function form(query: URLSearchParams): Html {
  const [what, from, to] = ['what', 'from', 'to'].map((name) => query.get(name) ?? '');
  return html`<form class="search" method="get" action="/trace" role="search">
    <p class="wide">
      <label for="what">Message-ID, queue id, account, address or client</label>
      <input
        id="what"
        name="what"
        type="search"
        value="${what}"
        maxlength="${longestWhat}"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
      />
    </p>
    <p>
      <label for="from">From (UTC)</label>
      <input id="from" name="from" type="datetime-local" value="${from}" />
    </p>
    <p>
      <label for="to">To (UTC)</label>
      <input id="to" name="to" type="datetime-local" value="${to}" />
    </p>
    <p><button>Search</button></p>
  </form>`;
}

function hintHtml(): Html {
  return html`<div class="empty">
    <p>The whole life of a message will appear here: who sent it, from where, and where it went.</p>
    <ul>
      <li>A <strong>Message-ID</strong> stands in the header of the message, in its brackets.</li>
      <li>
        A <strong>queue id</strong> stands in the Received field, in a refusal and in the log; the part before
        the first dot will do.
      </li>
      <li>
        An <strong>address</strong> finds what it sent and what was sent to it; an account is looked for by
        its name or its id.
      </li>
      <li>The address of a <strong>client</strong> finds what it brought; a time alone, all of that time.</li>
    </ul>
  </div>`;
}

function resultsHtml({ session }: Visit, { what }: Looked, { stories, isMore, notes }: Trail): Html {
  const [only, ...others] = stories;
  const after = html`${notes.map((note) => html`<p class="warning">${note}</p>`)}`;
  if (!only) {
    const forViewer = session.role === 'viewer' ? ' By a recipient only admins can search.' : '';
    return html`<p class="empty" role="status">
        Nothing is known of ${what === '' ? 'that time' : html`<q>${what}</q>`}. Events are kept for as long
        as the settings say; what was refused before MAIL is no message.${forViewer}
      </p>
      ${after}`;
  }
  if (others.length === 0) return html`${storyHtml(only, session.role, traceLink)} ${after}`;
  return html`${listHtml(stories)}
  ${isMore && html`<p class="omitted">Older messages match, too: a time, or more of what you know, leads to them.</p>`}
  ${after}`;
}

function listHtml(stories: readonly Story[]): Html {
  return html`<div class="table">
    <h2 id="found-title">${stories.length} messages</h2>
    <div class="scroll" role="region" aria-labelledby="found-title" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Message</th>
            <th scope="col">Time (UTC)</th>
            <th scope="col">From</th>
            <th scope="col">Sent by</th>
            <th scope="col">Became</th>
          </tr>
        </thead>
        <tbody>
          ${stories.map(rowOf)}
        </tbody>
      </table>
    </div>
  </div>`;
}

function rowOf(story: Story): Html {
  const { queue_id: id, origin, accepted, refusals, waiting } = story;
  const at = accepted?.['time'] ?? refusals[0]?.['time'] ?? waiting[0]?.queued;
  return html`<tr>
    <th scope="row">
      <a href="/trace?what=${encodeURIComponent(id)}"><code>${id}</code></a>
    </th>
    <td class="time">${typeof at === 'string' ? time(Date.parse(at)) : '–'}</td>
    <td>${origin.sender === undefined ? '–' : `<${text(origin.sender)}>`}</td>
    <td>${text(origin.identity ?? '–')}</td>
    <td>${statesOf(story)}</td>
  </tr>`;
}
