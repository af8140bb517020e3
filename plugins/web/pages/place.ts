import type { Answer } from '../answer.ts';
import { layout, type Page } from '../layout.ts';
import type { Session } from '../sessions.ts';
import type { Site } from '../site.ts';

/** A request of somebody who has logged in. */
export interface Visit {
  readonly site: Site;
  readonly session: Session;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Address of the browser. */
  readonly client: string;
}

/** The fields of a form, where the visit is one that changes something. */
export interface Action extends Visit {
  readonly form: URLSearchParams;
}

/** A whole page of the menu. */
export function pageAnswer(
  { site, session, path }: Visit,
  page: Pick<Page, 'title' | 'lead' | 'tools' | 'content'>,
  status = 200,
): Answer {
  return { status, body: layout({ ...page, session, path, now: site.now() }) };
}
