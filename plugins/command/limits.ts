import type { Account } from '../core/directory/directory.ts';
import { identityOfAccount } from '../core/identity.ts';
import { limitNames, limitsOf, type LimitName, type Limits, type LimitValue } from '../core/limits/limits.ts';
import { isFree } from '../core/limits/seats.ts';
import { limitAccount, useOf, windowKey, windowsOf } from '../core/limits/windows.ts';
import { withRegistration } from '../core/registrations.ts';
import type { Tally } from '../core/store/store.ts';
import { askStore } from './data.ts';
import type { Installation } from './installation.ts';
import type { Fact } from './output.ts';

/** A limit of an account, and what is used of it now. */
interface LimitState {
  readonly limit: LimitValue;
  /** Where it is told of. */
  readonly soft: LimitValue;
  /** `own`: of its directory, or its entry of `mail_servers`; `default`: of the section `limits`. */
  readonly from: 'own' | 'default';
  /** Absent for what is not counted between messages. */
  readonly used?: number;
  /** When what is used counts no more. */
  readonly until?: string;
}

export type LimitStates = Readonly<Partial<Record<LimitName, LimitState>>>;

interface Counted {
  readonly used: number;
  readonly until?: string;
}

/** The limits of an account; `undefined` while it has none of its own and nothing is counted of it. */
export async function limitStatesOf(
  installation: Installation,
  account: Account,
): Promise<LimitStates | undefined> {
  const { id, limits: own = {} } = withRegistration(
    identityOfAccount(account),
    installation.settings.policy,
    new Date(),
  );
  const { limits: settings } = installation.settings.policy;
  const tallies = await askStore(installation, (store) => store.ofAccount(limitAccount(id)));
  const isCounted = tallies !== undefined && tallies.size > 0;
  if (settings.mode === 'off' || (!isCounted && Object.keys(own).length === 0)) return undefined;
  const limits = limitsOf(settings, own);
  const counted = countedIn(id, limits, tallies ?? new Map());
  const states = limitNames.flatMap((name) => {
    const [limit, soft] = [limits[name], limits[`soft_${name}`]];
    if (limit === 'none' && soft === 'none') return [];
    const from = name in own ? 'own' : 'default';
    return [[name, { limit, soft, from, ...counted.get(name) }] as const];
  });
  return Object.fromEntries(states);
}

function countedIn(id: string, limits: Limits, tallies: ReadonlyMap<string, Tally>): Map<LimitName, Counted> {
  const now = Date.now();
  const counted = new Map<LimitName, Counted>();
  for (const window of windowsOf(limits)) {
    const use = useOf(window, tallies.get(windowKey(id, window).network), now);
    const end = use.since === undefined ? undefined : new Date(use.since + window.milliseconds);
    const until = end && { until: end.toISOString() };
    counted.set(window.limits.messages, { used: use.messages, ...until });
    counted.set(window.limits.recipients, { used: use.recipients, ...until });
  }
  const seats = [...tallies].filter(([network]) => network.startsWith('limit/session/'));
  counted.set('sessions', { used: seats.filter(([, tally]) => !isFree(tally, now)).length });
  return counted;
}

export function limitFacts(states: LimitStates | undefined): Fact[] {
  const shown = Object.entries(states ?? {}).map(([name, state]) => `${name}: ${inWords(state)}`);
  return shown.length === 0 ? [] : [['limits', shown]];
}

function inWords({ limit, soft, from, used, until }: LimitState): string {
  const most = limit === 'none' ? 'no limit' : String(limit);
  const parts = [
    used === undefined ? most : `${used} of ${most}`,
    ...(soft === 'none' ? [] : [`told of above ${soft}`]),
    ...(from === 'own' ? ['its own'] : []),
    ...(until === undefined ? [] : [`until ${until}`]),
  ];
  return parts.join(', ');
}
