import { outgoingOf } from '../../core/provenance/queue-file.ts';
import { actionSchema, subjectOf, type Result } from '../../core/requests/request.ts';
import type { Suspension } from '../../core/suspension/registry.ts';
import { sinceOf, type HeldMessage } from '../../core/trail/held-messages.ts';
import { Refused, seeOther, type Answer } from '../answer.ts';
import { html, type Html } from '../html.ts';
import { time } from '../render/format.ts';
import type { Session } from '../sessions.ts';
import { pageAnswer, type Action, type Visit } from './place.ts';

const mostMessages = 200;
const mostAnswers = 20;

/** Mail and accounts that wait for somebody to decide. */
export async function heldAnswer(visit: Visit): Promise<Answer> {
  const { site, session, query } = visit;
  const [messages, suspended, answers] = await Promise.all([
    site.held(),
    site.suspended(),
    site.requests.answers(mostAnswers),
  ]);
  const isAsked = query.get('asked') !== null;
  return pageAnswer(visit, {
    title: 'Held',
    lead: 'Mail that does not leave, and accounts that may not send, until somebody decides.',
    content: html`${isAsked && html`<p class="done" role="status">The gateway was asked. Within seconds its answer stands below.</p>`}
    ${messagesHtml(messages, session)} ${suspendedHtml(suspended, session)}
    ${session.role === 'admin' && forms(session)} ${answersHtml(answers)}`,
  });
}

/** Writes down what the gateway is to do: nothing is done in this process. */
export async function heldAction({ site, session, client, form }: Action): Promise<Answer> {
  const fields = Object.fromEntries([...form].filter(([name]) => name !== 'token'));
  const read = actionSchema.safeParse(await completed(fields, site));
  if (!read.success) throw new Refused(400, 'This cannot be done as it was asked.');
  const time = new Date(site.now()).toISOString();
  await site.requests.ask({ v: 1, time, by: session.name, client, act: read.data });
  return seeOther('/held?asked');
}

/** Who is to be suspended is somebody whom the directory knows. */
async function completed(fields: Readonly<Record<string, string>>, site: Action['site']): Promise<object> {
  const { action, account = '', because = '' } = fields;
  if (action !== 'suspend') return fields;
  const found = await site.directory.find(account);
  if (found.kind !== 'account')
    throw new Refused(400, `The directory has no account ${account} that may log in.`);
  return { action, id: found.account.id, name: found.account.name, because };
}

function messagesHtml(messages: readonly HeldMessage[], session: Session): Html {
  if (messages.length === 0) {
    return html`<div class="table">
      <h2>Held mail</h2>
      <p class="empty">
        Nothing is held. Mail of suspended accounts, and mail in the queue that this gateway did not accept or
        that was changed since, would stand here.
      </p>
    </div>`;
  }
  return html`<div class="table">
    <h2 id="held-title">Held mail</h2>
    <div class="scroll" role="region" aria-labelledby="held-title" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Message</th>
            <th scope="col">Since (UTC)</th>
            <th scope="col">Why</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">What to do</th>
          </tr>
        </thead>
        <tbody>
          ${messages.slice(0, mostMessages).map((message) => messageRow(message, session))}
        </tbody>
      </table>
    </div>
  </div>`;
}

function messageRow(message: HeldMessage, session: Session): Html {
  const { name, state, note, file } = message;
  const parties = typeof file === 'string' ? undefined : outgoingOf(file.header);
  const recipients = (parties?.recipients ?? []).map(([address]) => address);
  const seen = session.role === 'admin' ? recipients : recipients.map((each) => each.replace(/^.*@/s, '…@'));
  const mayDecide = session.role === 'admin' && state === 'held';
  return html`<tr>
    <th scope="row"><code>${name}</code></th>
    <td class="time">${time(Date.parse(sinceOf(message)))}</td>
    <td>${state === 'released' ? 'released, waits for Haraka' : (note?.reason ?? 'unreadable')}</td>
    <td>${parties ? `<${parties.sender[0]}>` : '–'}</td>
    <td>
      ${[...new Set(seen)].slice(0, 3).join(', ')}${seen.length > 3 && html` and ${seen.length - 3} more`}
    </td>
    <td>
      ${
        mayDecide &&
        html`${button(session, 'Release', `message ${name}`, { action: 'release-held', held: name })}
        ${button(session, 'Drop', `message ${name}`, { action: 'drop-held', held: name }, 'danger')}`
      }
    </td>
  </tr>`;
}

function button(
  { token }: Session,
  title: string,
  what: string,
  fields: Readonly<Record<string, string>>,
  kind = 'quiet',
): Html {
  return html`<form class="action" method="post" action="/held">
    <input type="hidden" name="token" value="${token}" />
    ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <button class="${kind}">${title}<span class="hidden"> ${what}</span></button>
  </form>`;
}

function suspendedHtml(suspended: readonly Suspension[], session: Session): Html {
  return html`<div class="table">
    <h2 id="suspended-title">Suspended accounts</h2>
    ${
      suspended.length === 0
        ? html`<p class="empty">
            Nobody is suspended. Accounts that looked taken over, or that somebody has suspended, would stand
            here.
          </p>`
        : html`<ul class="suspended">
            ${suspended.map((each) => suspendedItem(each, session))}
          </ul>`
    }
  </div>`;
}

function suspendedItem({ id, name, since, cause, detail }: Suspension, session: Session): Html {
  const release = (title: string, mail: string, kind = 'quiet') =>
    button(session, title, `of ${name}`, { action: 'release', id, name, mail }, kind);
  return html`<li>
    <p><strong>${name}</strong> <span class="reading">${cause}</span> since ${time(Date.parse(since))}</p>
    <p class="says">${detail}</p>
    ${
      session.role === 'admin' &&
      html`<p class="hint">Change the password first.</p>
        <div class="buttons">
          ${release('Release, keep its mail held', 'keep')} ${release('Release, deliver its mail', 'deliver')}
          ${release('Release, drop its mail', 'drop', 'danger')}
        </div>`
    }
  </li>`;
}

function forms({ token }: Session): Html {
  return html`<div class="pair">
    <form class="card" method="post" action="/held">
      <h2>Suspend an account</h2>
      <p class="hint">It cannot log in any more, and its mail in the queue is held.</p>
      <input type="hidden" name="token" value="${token}" /><input
        type="hidden"
        name="action"
        value="suspend"
      />
      <p>
        <label for="suspend">Account</label
        ><input id="suspend" name="account" required maxlength="512" autocomplete="off" />
      </p>
      <p>
        <label for="because">Why, for whoever looks at it later</label
        ><input id="because" name="because" maxlength="300" autocomplete="off" />
      </p>
      <button class="danger">Suspend</button>
    </form>
    <form class="card" method="post" action="/held">
      <h2>Forget failed logins</h2>
      <p class="hint">An account, or a network as ADDRESS/PREFIX, may try again at once.</p>
      <input type="hidden" name="token" value="${token}" /><input
        type="hidden"
        name="action"
        value="forget"
      />
      <p>
        <label for="forget">Account or network</label
        ><input id="forget" name="account" required maxlength="512" autocomplete="off" />
      </p>
      <button>Forget</button>
    </form>
  </div>`;
}

function answersHtml(answers: readonly Result[]): Html {
  return html`<div class="table">
    <h2 id="answers-title">What was asked of the gateway</h2>
    ${
      answers.length === 0
        ? html`<p class="empty">
            Nothing yet. What is asked here the gateway carries out, and says here what came of it.
          </p>`
        : html`<ul class="answers">
            ${answers.map(
              ({ time: at, outcome, says, request: { act, by } }) =>
                html`<li>
                  <span class="pill ${outcome === 'done' ? 'good' : 'bad'}">${outcome}</span>
                  <span>${act.action} <strong>${subjectOf(act)}</strong>: ${says}</span>
                  <span class="when">${by}, ${time(Date.parse(at))}</span>
                </li>`,
            )}
          </ul>`
    }
  </div>`;
}
