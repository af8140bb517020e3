import { assetUrl } from './assets.ts';
import { html, type Html } from './html.ts';
import type { Session } from './sessions.ts';
import { timeText } from './render/format.ts';

/** The pages, in the order in which they stand in the menu. */
export const places = [
  { path: '/', title: 'Overview' },
  { path: '/logins', title: 'Logins' },
  { path: '/senders', title: 'Senders' },
  { path: '/misconfigured', title: 'Misconfigured' },
  { path: '/impersonation', title: 'Impersonation' },
  { path: '/trace', title: 'Trace' },
  { path: '/held', title: 'Held' },
  { path: '/settings', title: 'Settings' },
] as const;

/** What a page is made of. */
export interface Page {
  readonly title: string;
  /** In one sentence, what is to be seen here. */
  readonly lead?: string;
  /** Absent on the page of the login. */
  readonly session?: Session | undefined;
  readonly path?: string | undefined;
  /** Beside the title. */
  readonly tools?: Html;
  readonly content: Html;
  readonly now: number;
}

/** A whole page: one title, one menu, one main part, and a way past the menu for the keyboard. */
export function layout({ title, lead, session, path, tools, content, now }: Page): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Gatekeeper</title>
        <link rel="icon" href="${assetUrl('icon.svg')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assetUrl('uplot.css')}" />
        <link rel="stylesheet" href="${assetUrl('style.css')}" />
        <script src="${assetUrl('uplot.js')}" defer></script>
        <script src="${assetUrl('page.js')}" defer></script>
      </head>
      <body class="${session ? 'inside' : 'outside'}">
        <a class="skip" href="#main">Skip to the content</a>
        ${session && header(session, path)}
        <main id="main" tabindex="-1">
          <div class="head">
            <div>
              <h1>${title}</h1>
              ${lead !== undefined && html`<p class="lead">${lead}</p>`}
            </div>
            ${tools}
          </div>
          ${content}
          ${session && html`<footer>Times are UTC. This page was made at ${timeText(now)}.</footer>`}
        </main>
      </body>
    </html>`;
}

function header({ name, role, token }: Session, path: string | undefined): Html {
  return html`<header>
    <a class="brand" href="/">${mark()}<span>Gatekeeper</span></a>
    <nav aria-label="Pages">
      <ul>
        ${places.map(
          (place) =>
            html`<li>
              <a href="${place.path}" ${place.path === path && html`aria-current="page"`}>${place.title}</a>
            </li>`,
        )}
      </ul>
    </nav>
    <form class="who" method="post" action="/logout">
      <input type="hidden" name="token" value="${token}" />
      <span><span class="name">${name}</span> <span class="role">${role}</span></span>
      <button class="quiet">Log out</button>
    </form>
  </header>`;
}

/** The gate. */
export function mark(): Html {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <path d="M4 29V14a12 12 0 0 1 24 0v15" />
    <path d="M11 29V15a5 5 0 0 1 10 0v14" />
    <path d="M2 29h28" />
  </svg>`;
}
