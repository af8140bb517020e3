import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { keepsResults } from '../dialogues/gateways.ts';
import { parseDialogue, play } from '../support/dialogue.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { different, leftOut, plugin } from './other-haraka.ts';

const letterOf = (who: string) => `connect submission
      login ${who}@corp.example pw-${who}
      C: MAIL FROM:<${who}@corp.example>
      S: 250 *
      C: RCPT TO:<${who}-{id}@partner.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> From: ${who}@corp.example\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 250 Message queued *`;

const withSmartHost: TestGatewayOptions = {
  config: keepsResults,
  settings: {
    require_tls: [{ level: 'encrypt', identities: ['exchange@corp.example'] }],
    smart_hosts: [{ name: 'relay', host: 'relay.invalid', identities: ['carol@corp.example'], tls: 'may' }],
  },
};

/** Each leaves out the patches of several Harakas at once, none of them twice. */
const gateways = {
  one: withSmartHost,
  /** For the second way to miss a patch. */
  another: withSmartHost,
  'beside plugins that hinder it': {
    first: [plugin('accidents')],
    last: [plugin('slow-queue')],
    settings: { deadline_seconds: 1 },
  },
} satisfies Record<string, TestGatewayOptions>;

/** What is left out, on which gateway, and what holds instead: a dialogue. */
const fallbacks: readonly {
  haraka: string;
  patch: string | readonly string[];
  on: keyof typeof gateways;
  dialogue: string;
}[] = [
  ...(
    [
      { haraka: 'line-length-fixed', on: 'one' },
      { haraka: 'line-length-read-only', on: 'another' },
    ] as const
  ).map((each) => ({
    ...each,
    patch: 'line-length',
    dialogue: `# AUTH lines may be as long as any command, and Haraka itself answers longer ones
      connect implicit
      C: EHLO client.example
      S: 250 *
      C: AUTH PLAIN {plain alice@corp.example {repeat 600 x}}
      S: 521 Command line too long
      closed
      connect implicit
      login alice@corp.example pw-alice`,
  })),
  ...(
    [
      { haraka: 'mail-unchangeable', on: 'one', says: '50 Authentication required' },
      { haraka: 'mail-not-answered', on: 'another', says: '30 5.7.0 *' },
    ] as const
  ).map(({ says, ...each }) => ({
    ...each,
    patch: 'mail-unauthenticated',
    dialogue: `# MAIL without a login is refused all the same
      connect submission from 127.0.0.2
      C> PROXY TCP4 203.0.113.5 127.0.0.1 40000 587\\r\\n
      S: 220 *
      C: EHLO client.example
      S: 250 *
      C: MAIL FROM:<alice@corp.example>
      S: 5${says}`,
  })),
  {
    haraka: 'challenges-in-two-writes',
    patch: 'empty-challenge',
    on: 'one',
    dialogue: `# The empty challenge has a space too many; a client that does not mind logs in all the same
      connect implicit
      C: EHLO client.example
      S: 250 *
      C: AUTH PLAIN
      S: 334 {repeat 1  }
      C: {plain alice@corp.example pw-alice}
      S: 235 2.7.0 *
      connect implicit
      login alice@corp.example pw-alice`,
  },
  {
    haraka: 'deny-parameters-of-another-form',
    patch: 'refusals-stand',
    on: 'beside plugins that hinder it',
    dialogue: `# A message whose refusal was overridden is refused after DATA, by the gate
      connect submission
      login alice@corp.example pw-alice
      C: EHLO deny-ok.example
      S: 250 *
      C: MAIL FROM:<bob@corp.example>
      S: 250 *
      C: RCPT TO:<{id}@partner.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> From: alice@corp.example\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 550 5.7.1 Message did not pass every check *
      not-delivered {id}@partner.example`,
  },
  {
    haraka: 'header-awaited-otherwise',
    patch: 'unreadable-files',
    on: 'one',
    dialogue: `# Mail leaves as ever
      ${letterOf('bob')}
      delivered bob-{id}@partner.example`,
  },
  {
    haraka: 'timeout-fixed',
    patch: 'queue-untimed',
    on: 'beside plugins that hinder it',
    dialogue: `# Haraka answers before the message is queued
      connect submission
      login alice@corp.example pw-alice
      C: MAIL FROM:<alice@corp.example>
      S: 250 *
      C: RCPT TO:<{id}@partner.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> From: alice@corp.example\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 450 plugin timeout *`,
  },
  {
    haraka: 'results-removed-one-by-one',
    patch: 'results-of-others',
    on: 'one',
    dialogue: `# what others found does not leave where there is something of our own
      connect mx from 127.0.0.2
      C> PROXY TCP4 198.51.100.2 127.0.0.1 40000 {port mx}\\r\\n
      S: 220 *
      C: EHLO mx.partner.example
      S: 250 *
      C: MAIL FROM:<someone@partner.example>
      S: 250 *
      C: RCPT TO:<{id}@corp.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> Authentication-Results: other.example; none\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 250 *
      delivered {id}@corp.example Authentication-Results: gw.corp.example;* ! other.example; none`,
  },
  ...(
    [
      { haraka: 'client-set-up-fixed', on: 'one', says: '' },
      { haraka: 'version-shown-elsewhere', on: 'another', says: ' by others' },
    ] as const
  ).map(({ says, ...each }) => ({
    ...each,
    patch: 'version-once',
    dialogue: `# the greeting is Haraka's own
      connect mx from 127.0.0.9
      S: 220 * ESMTP Haraka/3.*${says} ready *`,
  })),
  {
    haraka: 'host-asked-otherwise',
    patch: 'host-name-kept',
    on: 'one',
    dialogue: `# replies are as ever
      connect submission
      C: EHLO client.example
      S: 250 *`,
  },
  {
    haraka: 'bounces-whole',
    patch: 'bounces-header-only',
    on: 'one',
    dialogue: `# REQUIRETLS is neither offered nor taken, and mail leaves as ever
      connect implicit
      C: EHLO client.example
      S: 250 * ! REQUIRETLS
      login alice@corp.example pw-alice
      C: MAIL FROM:<alice@corp.example> REQUIRETLS
      S: 555 5.5.4 *
      ${letterOf('bob')}
      delivered bob-{id}@partner.example`,
  },
  ...(
    [
      { haraka: 'forced-tls-fixed', on: 'one' },
      { haraka: 'sockets-as-they-were', on: 'another' },
    ] as const
  ).map((each) => ({
    ...each,
    patch: ['smart-host', 'outgoing-tls'],
    dialogue: `# mail for a smart host stays, and what needs TLS, and all other mail leaves
      ${letterOf('carol')}
      ${letterOf('exchange')}
      ${letterOf('bob')}
      delivered bob-{id}@partner.example
      not-delivered carol-{id}@partner.example
      not-delivered exchange-{id}@partner.example`,
  })),
  ...[
    { haraka: 'delivery-queue-elsewhere', patch: 'queue-again' },
    { haraka: 'delivered-told-otherwise', patch: 'delivery-outcomes' },
    { haraka: 'spooling-renamed', patch: 'never-spooled' },
  ].map((each) => ({
    ...each,
    on: 'one' as const,
    dialogue: `# a message leaves as ever
      connect submission
      login alice@corp.example pw-alice
      C: MAIL FROM:<alice@corp.example>
      S: 250 *
      C: RCPT TO:<{id}@partner.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> From: alice@corp.example\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 250 Message queued *
      delivered {id}@partner.example`,
  })),
];

void describe('a patch for comfort that does not work is left out, with one line', { concurrency: 3 }, () => {
  for (const [name, options] of Object.entries(gateways)) {
    void describe(`on ${name}`, () => {
      const here = fallbacks.filter(({ on }) => on === name);
      let gateway: TestGateway;
      before(async () => {
        const harakas = here.map(({ haraka }) => haraka);
        gateway = await startTestGateway(different(harakas, options));
      });
      after(() => gateway.stop());

      for (const { haraka, patch, dialogue } of here) {
        void it(`${haraka}: ${dialogue.split('\n')[0]?.slice(2)}`, async () => {
          const patches = [patch].flat();
          assert.deepEqual(
            leftOut(gateway).filter((each) => patches.includes(each)),
            patches,
          );
          const steps = dialogue.replaceAll(/^ +/gm, '');
          await play(parseDialogue(steps), gateway, `fallback-${haraka}`);
        });
      }

      void it('nothing else is left out', () => {
        const patches = here.flatMap(({ patch }) => patch);
        assert.deepEqual(leftOut(gateway).sort(), patches.sort());
      });
    });
  }
});
