import { publish, type EventDraft } from '../events/event.ts';
import { networksOf } from '../guessing/subject.ts';
import type { Identity } from '../identity.ts';
import { messageOf } from '../message-of.ts';
import { modeInForce } from '../settings/mode.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import {
  countNetwork,
  countOutcomes,
  isWatched,
  outcomesKey,
  tellOnce,
  type Sign,
} from '../suspension/signs.ts';
import { sendNotice } from './notice.ts';
import { fieldsLine, node } from './outcome.ts';
import { sharedStore } from './shared-store.ts';
import { suspensionsOf } from './suspensions.ts';
import { recording } from './recording.ts';
import type { Plugin } from './types.ts';

const check = { name: 'outbound/suspension' } as const;

type Watched = Pick<Identity, 'id' | 'name' | 'proof' | 'server'>;

/** Looks whether accounts seem to be taken over, and does what the settings say. It never rejects: mail does not depend on it. */
export class Suspicion {
  readonly #plugin: Plugin;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Of a message that was counted. */
  async sends(who: Watched, sign: Sign, settings: Settings): Promise<void> {
    await this.#quietly(who, settings, () => Promise.resolve(sign));
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
    const network = networksOf(client)?.home;
    if (network === undefined || suspension.networks === 'none') return;
    await this.#quietly(who, settings, () =>
      countNetwork(this.#store(settings), { id: who.id, network }, suspension, Date.now()),
    );
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

  async #act({ id, name }: Watched, sign: Sign, settings: Settings): Promise<void> {
    const { policy } = settings;
    const { cause, detail } = sign;
    const mode = modeInForce(policy.suspension.mode, policy);
    const now = new Date();
    const since = now.toISOString();
    const isEnforced = mode === 'enforce';
    // A suspension is a fact already; what is only observed has to be remembered as told.
    const isNew = isEnforced
      ? await suspensionsOf(policy).suspend({ v: 1, id, name, since, cause, detail })
      : await tellOnce(this.#store(settings), id, sign, now.getTime());
    if (!isNew) return;
    const event: EventDraft = {
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
    recording(this.#plugin, (complain) => {
      publish(event, complain);
    });
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
