import type { Ending, Story } from '../../core/trail/story.ts';
import { tlsOptionText } from '../../core/trail/tls-option.ts';
import type { Waiting } from '../../core/trail/waiting.ts';
import { Html, html } from '../html.ts';
import type { Role } from '../roles.ts';
import { countText, time } from './format.ts';
import { linked, type Linker } from './section.ts';

/** Of one message so many recipients are shown, and so many steps. */
const mostRecipients = 100;
const mostSteps = 200;

/** A step in the life of a message. */
interface Step {
  readonly at: number;
  readonly kind: 'good' | 'bad' | 'waits' | 'plain';
  readonly title: string;
  readonly lines: readonly (Html | undefined)[];
}

/** Writes an address of a recipient as somebody may see it. */
type Shown = (address: string) => string;

function shownTo(role: Role): Shown {
  return (address) => (role === 'admin' ? address : `…@${address.slice(address.lastIndexOf('@') + 1)}`);
}

/** What a server said may name a recipient: without the right to see those, only its codes are shown (RFC 3463 §2). */
function saidTo(role: Role): (said: unknown) => string {
  return (said) => {
    const whole = text(said);
    if (role === 'admin') return whole;
    return /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(whole)?.[0] ?? '';
  };
}

/** The whole life of a message: what it is, each step in the order of time, and what became of each recipient. */
export function storyHtml(story: Story, role: Role, link: Linker): Html {
  const { queue_id: id } = story;
  return html`<article class="story" aria-labelledby="story-${id}">
    <h2 id="story-${id}">Message <code>${id}</code></h2>
    <dl class="facts">${factsOf(story, link)}</dl>
    <div class="life">
      <section aria-labelledby="steps-${id}">
        <h3 id="steps-${id}">What happened</h3>
        ${stepsHtml(story, role)}
      </section>
      <section aria-labelledby="recipients-${id}">
        <h3 id="recipients-${id}">Recipients</h3>
        ${recipientsHtml(story, role)}
      </section>
    </div>
  </article>`;
}

function factsOf(story: Story, link: Linker): readonly (Html | undefined)[] {
  const { origin, bounces } = story;
  const { message_id: messageId, sender, proof, credential, bounce_of: bounceOf } = origin;
  return [
    fact('From', sender === '' ? 'nobody: a notification (the null reverse-path)' : named(sender, link)),
    ...writerFacts(origin, link),
    fact('Proven by', proof),
    fact('Application password', credential),
    ...clientFacts(story, link),
    fact('Message-ID', messageId),
    fact('TLS on the way', tlsOptionText(origin.tls_option)),
    fact('Tells about', named(bounceOf, toStory)),
    fact('Bounces', bounces.length > 0 ? html`${bounces.map((each) => linked(each, toStory))}` : undefined),
  ];
}

function writerFacts(origin: Story['origin'], link: Linker): readonly (Html | undefined)[] {
  const { identity, identity_id: stable, bounce_of: bounceOf } = origin;
  const nobody = bounceOf === undefined ? 'nobody who had logged in' : 'this host';
  return [
    fact('Sent by', identity === undefined ? nobody : named(identity, link)),
    stable === identity ? undefined : fact('Account', stable),
  ];
}

function clientFacts({ origin, accepted }: Story, link: Linker): readonly (Html | undefined)[] {
  const { client, peer, tls } = origin;
  const { port, role = '' } = accepted ?? {};
  return [
    fact('Client', named(client, link)),
    fact('Known as', peer),
    client === undefined ? undefined : fact('Connection', tls ?? 'in clear'),
    port === undefined ? undefined : fact('Port', `${text(port)} ${text(role)}`),
  ];
}

const toStory: Linker = (id) => `/trace?what=${encodeURIComponent(id)}`;

function named(value: unknown, link: Linker): Html | undefined {
  return value === undefined ? undefined : linked(text(value), link);
}

function fact(name: string, value: unknown): Html | undefined {
  if (value === undefined || value === '') return undefined;
  return html`<div>
    <dt>${name}</dt>
    <dd>${value instanceof Html ? value : text(value)}</dd>
  </div>`;
}

function stepsHtml(story: Story, role: Role): Html {
  const steps = stepsOf(story, role).sort((one, other) => one.at - other.at);
  if (steps.length === 0) return html`<p class="empty">Nothing is known of it any more.</p>`;
  return html`<ol class="steps">
    ${steps.slice(0, mostSteps).map(
      ({ at, kind, title, lines }) =>
        html`<li class="${kind}">
          <p class="step"><strong>${title}</strong> ${time(at)}</p>
          ${lines.map((line) => line && html`<p>${line}</p>`)}
        </li>`,
    )}
  </ol>`;
}

function stepsOf(story: Story, role: Role): Step[] {
  const { accepted, refusals, waiting } = story;
  return [
    ...(accepted ? [acceptedStep(accepted)] : []),
    ...refusals.map((refusal) => refusalStep(refusal, role)),
    ...endingsOf(story).map((each) => endingStep(each, role)),
    ...waiting.map(waitingStep),
  ];
}

function acceptedStep({ time: at, node }: Readonly<Record<string, unknown>>): Step {
  return { at: Date.parse(text(at)), kind: 'good', title: 'Accepted', lines: [html`on ${text(node)}`] };
}

function refusalStep(refusal: Readonly<Record<string, unknown>>, role: Role): Step {
  const { time: at, check, reason, detail, reply } = refusal;
  const said = saidTo(role)(reply ?? '');
  return {
    at: Date.parse(text(at)),
    kind: 'bad',
    title: `Refused: ${text(reason ?? 'not decided')}`,
    lines: [
      html`by <code>${text(check)}</code>`,
      role === 'admin' && detail !== undefined ? html`${text(detail)}` : undefined,
      said === '' ? undefined : html`<q>${said}</q>`,
    ],
  };
}

/** One try, with all recipients that it ended alike for. */
interface Shared {
  readonly ending: Ending;
  readonly recipients: readonly string[];
}

function endingsOf({ recipients }: Story): readonly Shared[] {
  const byEnding = new Map<Ending, string[]>();
  for (const { address, endings } of recipients) {
    for (const ending of endings)
      byEnding.set(ending, [...(byEnding.get(ending) ?? []), address].slice(0, mostRecipients));
  }
  return [...byEnding].map(([ending, addresses]) => ({ ending, recipients: addresses }));
}

const titles: Readonly<Record<string, string>> = {
  delivered: 'Delivered',
  deferred: 'Put off by the other server',
  bounced: 'Bounced: it failed for good',
  dropped: 'Dropped by another plugin',
};

function endingStep({ ending, recipients }: Shared, role: Role): Step {
  const { time: at, outcome, answer, detail, again } = ending;
  const said = [answer, detail].filter((each) => each !== undefined).map(saidTo(role));
  const kinds = { delivered: 'good', deferred: 'waits' } as const;
  const kind = outcome === 'delivered' || outcome === 'deferred' ? kinds[outcome] : 'bad';
  return {
    at: Date.parse(text(at)),
    kind,
    title: titles[text(outcome)] ?? text(outcome),
    lines: [
      html`for ${summary(recipients.map(shownTo(role)))}`,
      remoteOf(ending),
      ...said.filter((each) => each !== '').map((each) => html`<q>${each}</q>`),
      again === undefined ? undefined : html`again at ${time(Date.parse(text(again)))}`,
    ],
  };
}

function remoteOf({ remote, remote_address: address, remote_port: port, ...rest }: Ending): Html | undefined {
  if (remote === undefined && address === undefined) return undefined;
  const place = [remote, address].filter((each) => each !== undefined).map(text);
  const { remote_tls: tls, remote_verified: isVerified } = rest;
  const secured =
    tls === undefined
      ? 'in clear'
      : `${text(tls)}, certificate ${isVerified === true ? 'verified' : 'not verified'}`;
  return html`by ${place.join(' ')}${port !== undefined && html`, port ${text(port)}, ${secured}`}`;
}

function summary(addresses: readonly string[]): string {
  const shown = [...new Set(addresses)];
  const more = shown.length - 3;
  return more > 0 ? `${shown.slice(0, 3).join(', ')} and ${countText(more)} more` : shown.join(', ');
}

function waitingStep({ where, queued, next, why, id }: Waiting): Step {
  const words = {
    queue: 'Waits in the queue',
    held: 'Held',
    released: 'Released, waits for Haraka',
  } as const;
  return {
    at: Date.parse(next ?? queued),
    kind: 'waits',
    title: words[where],
    lines: [html`<code>${id}</code>`, why === undefined ? undefined : html`${why}`],
  };
}

const states: Readonly<Record<string, readonly [kind: Step['kind'], text: string]>> = {
  delivered: ['good', 'delivered'],
  deferred: ['waits', 'put off'],
  bounced: ['bad', 'bounced'],
  dropped: ['bad', 'dropped'],
  held: ['waits', 'held'],
  released: ['waits', 'released'],
  queued: ['waits', 'not tried yet'],
  unknown: ['plain', 'nothing known'],
};

function recipientsHtml({ recipients, recipients_omitted: omitted = 0 }: Story, role: Role): Html {
  if (recipients.length === 0) return html`<p class="empty">Nothing was accepted for anybody.</p>`;
  const hidden = Math.max(0, recipients.length - mostRecipients) + omitted;
  return html`<ul class="recipients">
      ${recipients.slice(0, mostRecipients).map(({ address, state }) => {
        const [kind, words] = states[state] ?? ['plain', state];
        return html`<li>
          <span>${shownTo(role)(address)}</span> <span class="pill ${kind}">${words}</span>
        </li>`;
      })}
    </ul>
    ${hidden > 0 && html`<p class="omitted">and ${countText(hidden)} more</p>`}
    ${role === 'viewer' && html`<p class="omitted">Who they are only admins see.</p>`}`;
}

/** What a message came to, for a list. */
export function statesOf({ recipients, refusals }: Story): Html {
  const counts = new Map<string, number>();
  for (const { state } of recipients) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (counts.size === 0 && refusals.length > 0) return html`<span class="pill bad">refused</span>`;
  return html`${[...counts].map(([state, count]) => {
    const [kind, words] = states[state] ?? ['plain', state];
    return html`<span class="pill ${kind}">${count > 1 && html`${countText(count)} `}${words}</span> `;
  })}`;
}

/** A value of an event in words. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
