import { publish, type GatekeeperEvent } from '../event.ts';
import { networksOf } from '../guessing/subject.ts';
import type { Identity } from '../identity.ts';
import { messageOf } from '../message-of.ts';
import { modeInForce } from '../settings/mode.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import {
  countOutcomes,
  countRecipients,
  isWatched,
  networkKey,
  networksSign,
  noteNetwork,
  outcomesKey,
  recipientsKey,
  type Burst,
  type Sign,
} from '../suspension/signs.ts';
import { sendNotice } from './notice.ts';
import { fieldsLine, node } from './outcome.ts';
import { sharedStore } from './shared-store.ts';
import { suspensionsOf } from './suspensions.ts';
import type { Plugin } from './types.ts';

const check = { name: 'outbound/suspension' } as const;

type Watched = Pick<Identity, 'id' | 'name' | 'proof' | 'domains'>;

/** Looks whether accounts seem to be taken over, and does what the settings say. It never rejects: mail does not depend on it. */
export class Suspicion {
  readonly #plugin: Plugin;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Of a message that is about to be accepted: whether the account is suspended by now, or is about to be. */
  async sends(who: Watched, recipients: number, settings: Settings): Promise<boolean> {
    const { policy } = settings;
    const { suspension } = policy;
    if (suspension.recipients === 'none') return false;
    const isEnforced = modeInForce(suspension.mode, policy) === 'enforce';
    const seen: Burst[] = [];
    await this.#quietly(who, settings, async () => {
      const count = countRecipients(recipients, suspension, Date.now());
      const burst = await this.#store(settings).update([recipientsKey(who.id)], count);
      seen.push(burst);
      // Where it has been told and is not suspended, that could not be written down.
      return burst.isCrossed || isEnforced ? burst.sign : undefined;
    });
    return isEnforced && seen.some(({ sign }) => sign !== undefined);
  }

  /** Of recipients that have got a message, or never will. */
  async delivered(
    who: Watched,
    outcomes: { readonly all: number; readonly bounced: number },
    settings: Settings,
  ): Promise<void> {
    const { suspension } = settings.policy;
    if (suspension.bounced_percent === 'none') return;
    await this.#quietly(who, settings, () =>
      this.#store(settings).update([outcomesKey(who.id)], countOutcomes(outcomes, suspension, Date.now())),
    );
  }

  /** Of a login that has succeeded. */
  async logsIn(who: Watched, client: string, settings: Settings): Promise<void> {
    const { suspension } = settings.policy;
    const home = networksOf(client)?.home;
    if (home === undefined || suspension.networks === 'none') return;
    await this.#quietly(who, settings, async () => {
      const store = this.#store(settings);
      const key = networkKey(who.id, home);
      if (!(await store.update([key], noteNetwork(suspension, Date.now())))) return undefined;
      return networksSign(await store.ofAccount(key.account), suspension, Date.now());
    });
  }

  #store({ policy }: Settings): Store {
    return sharedStore(this.#plugin, policy.data_directory);
  }

  async #quietly(who: Watched, settings: Settings, look: () => Promise<Sign | undefined>): Promise<void> {
    if (!isWatched(who, settings.policy.suspension)) return;
    try {
      const sign = await look();
      if (sign) await this.#act(who, sign, settings);
    } catch (error) {
      this.#plugin.logcrit(`whether ${who.name} is taken over cannot be told: ${messageOf(error)}`);
    }
  }

  async #act({ id, name }: Watched, { cause, detail }: Sign, settings: Settings): Promise<void> {
    const { policy } = settings;
    const mode = modeInForce(policy.suspension.mode, policy);
    const since = new Date().toISOString();
    const isEnforced = mode === 'enforce';
    if (isEnforced) {
      const isNew = await suspensionsOf(policy).suspend({ v: 1, id, name, since, cause, detail });
      if (!isNew) return;
    }
    const event: GatekeeperEvent = {
      ...{
        v: 1,
        time: since,
        node,
        reference: `${name} ${check.name}`,
        check: check.name,
        verdict: 'refuse',
        mode,
      },
      ...(!isEnforced && { would_refuse: true as const }),
      ...{ reason: 'account-suspended', detail: `${cause}: ${detail}`, identity: name, identity_id: id },
      ...{ revision: settings.revision, latency_ms: 0 },
    };
    publish(event, (error) => this.#plugin.logerror(`an event was not recorded: ${String(error)}`));
    const word = isEnforced ? 'suspended' : 'would suspend';
    this.#plugin.logcrit(`${word} ${fieldsLine({ identity: name, id, cause, value: detail })}`);
    this.#notify({ name, word, cause, detail, since }, settings);
  }

  #notify(
    {
      name,
      word,
      cause,
      detail,
      since,
    }: Readonly<Record<'name' | 'word' | 'cause' | 'detail' | 'since', string>>,
    settings: Settings,
  ): void {
    const text = [
      `${since} ${node}`,
      '',
      `${word}: ${name}`,
      `${cause}: ${detail}`,
      '',
      ...(word === 'suspended'
        ? [
            'Its mail in the queue is held. When its password is changed:',
            `  gatekeeper release ${name} --drop`,
          ]
        : [
            'Nothing was done, since suspension.mode is not enforce. To do it now:',
            `  gatekeeper suspend ${name}`,
          ]),
    ];
    const { notify: to } = settings.policy.suspension;
    sendNotice(this.#plugin, { to, subject: 'An account looks taken over', text }, settings);
  }
}
