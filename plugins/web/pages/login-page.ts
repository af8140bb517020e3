import type { Answer } from '../answer.ts';
import { html } from '../html.ts';
import { layout, mark, places } from '../layout.ts';

/** What stands in the form of the login. */
interface LoginForm {
  readonly now: number;
  readonly account?: string;
  readonly to?: string;
  /** Why it was not let in. */
  readonly problem?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function loginAnswer({ now, account, to, problem, status = 200, headers = {} }: LoginForm): Answer {
  const content = html`<form class="login" method="post" action="/login">
    ${problem !== undefined && html`<p class="warning" role="alert" id="problem">${problem}</p>`}
    <p>
      <label for="account">Account</label>
      <input
        id="account"
        name="account"
        value="${account}"
        autocomplete="username"
        autocapitalize="off"
        spellcheck="false"
        maxlength="512"
        required
        ${account === undefined && html`autofocus`}
      />
    </p>
    <p>
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        maxlength="1024"
        required
        ${account !== undefined && html`autofocus`}
        ${problem !== undefined && html`aria-describedby="problem"`}
      />
    </p>
    <input type="hidden" name="to" value="${safeTarget(to)}" />
    <button>Log in</button>
    <p class="hint">With your account of the directory. Who may log in the settings of the gateway say.</p>
  </form>`;
  const page = layout({
    title: 'Log in',
    now,
    tools: mark(),
    content: html`<div class="door">${content}</div>`,
  });
  return { status, body: page, headers };
}

/** One of our own pages, with what it was asked for: never an address elsewhere. */
export function safeTarget(to: string | null | undefined): string {
  const [path = '', ...rest] = (to ?? '').split('?');
  const isOurs = places.some((place) => place.path === path);
  const query = new URLSearchParams(rest.join('?')).toString();
  if (!isOurs) return '/';
  return query === '' ? path : `${path}?${query}`;
}
