import { join } from 'node:path';
import { openStore } from '../../plugins/core/store/sqlite.ts';
import type { Store } from '../../plugins/core/store/store.ts';
import { circleKey } from '../../plugins/core/suspension/acquaintances.ts';
import { peopleBase } from '../../scripts/demo/people.ts';
import type { TestGateway } from '../support/gateway.ts';

type Gateway = Pick<TestGateway, 'dir'>;

function withStore<T>(dir: string, ask: (store: Store) => Promise<T>): Promise<T> {
  const store = openStore(join(dir, 'var/gatekeeper'));
  return ask(store).finally(() => store.close());
}

const idOf = (name: string) => `uid=${name},${peopleBase}`;

/** As if an account had written to them three weeks ago, and not since. */
export function seenBefore({ dir }: Gateway, name: string, people: readonly string[]): Promise<void> {
  const day = 86_400_000;
  const expires = Date.now() + 69 * day;
  const circle = { since: Date.now() - 21 * day, expires, members: people.map(() => expires) };
  return withStore(dir, (store) =>
    store.update([], () => ({ circle, result: undefined }), 'writes', circleKey(idOf(name), people)),
  );
}

/** Those of them that an account is known to have written to, sorted. */
export function knownTo(
  { dir }: Gateway,
  name: string,
  people: readonly string[],
): Promise<readonly string[]> {
  return withStore(dir, (store) =>
    store.update(
      [],
      (_found, circle) => ({ result: people.filter((_, at) => circle?.members[at]).sort() }),
      'reads',
      circleKey(idOf(name), people),
    ),
  );
}
