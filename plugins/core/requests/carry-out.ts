import { forgettingOf, looksLikeNetwork } from '../guessing/forgetting.ts';
import { parseNetwork } from '../network.ts';
import { drop, foldersIn, recoverReleases, release } from '../provenance/held.ts';
import type { Store } from '../store/store.ts';
import { Suspensions } from '../suspension/registry.ts';
import { releaseAccount } from '../suspension/release.ts';
import type { Request, RequestedAction } from './request.ts';

/** With what requests are carried out. */
export interface Means {
  /** The data directory. */
  readonly data: string;
  readonly store: Store;
  /** `sender.subaddress_separator` of the settings. */
  readonly separator: string;
  readonly revision: string;
}

/** A request that cannot be done, in words for who asked. */
class NotDone extends Error {
  override readonly name = 'NotDone';
}

type Doing<Name extends RequestedAction['action']> = (
  act: Extract<RequestedAction, { action: Name }>,
  request: Request,
  means: Means,
) => Promise<string>;

/** As `gatekeeper held`, `suspend`, `release` and `forget` do it. */
const doing: { readonly [Name in RequestedAction['action']]: Doing<Name> } = {
  'release-held': async ({ held }, { by, time }, { data, revision }) => {
    const folders = foldersIn(data);
    await recoverReleases(folders);
    return heldOr(
      await release(folders, held, { by, time, revision }),
      held,
      'released: it leaves within seconds',
    );
  },
  'drop-held': async ({ held }, _request, { data }) =>
    heldOr(await drop(foldersIn(data), held), held, 'dropped'),
  suspend: async ({ id, name, because }, { by }, { data }) => {
    const detail = because === '' ? `by ${by}` : `by ${by}: ${because}`;
    const since = new Date().toISOString();
    const isNew = await new Suspensions(data).suspend({ v: 1, id, name, since, cause: 'by-hand', detail });
    if (!isNew) throw new NotDone('it is suspended already');
    return 'suspended';
  },
  release: async ({ id, mail }, _request, { data, store }) => {
    if (!new Suspensions(data).isSuspended(id)) throw new NotDone('it is not suspended');
    const messages = await releaseAccount(data, id, mail, (work) => work(store));
    const became = { keep: 'still held', deliver: 'released', drop: 'dropped' } as const;
    return `released; ${messages} of its messages ${became[mail]}`;
  },
  forget: async ({ account }, _request, { store, separator }) => {
    if (!parseNetwork(account) && looksLikeNetwork(account)) {
      throw new NotDone('this is no network: expected ADDRESS or ADDRESS/PREFIX');
    }
    const { subject, meant } = forgettingOf(account, separator);
    await store.forget(subject, meant, Date.now());
    return 'forgotten: what was counted against it';
  },
};

/** Carries a request out, and says what came of it; rejects with `NotDone`, or with what failed. */
export function carryOut(request: Request, means: Means): Promise<string> {
  const { act } = request;
  const work = doing[act.action] as Doing<RequestedAction['action']>;
  return work(act, request, means);
}

function heldOr(isDone: boolean, held: string, done: string): string {
  if (!isDone) throw new NotDone(`${held} is not held`);
  return done;
}
