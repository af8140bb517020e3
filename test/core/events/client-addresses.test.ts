import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { keepClientAddresses } from '../../../plugins/core/events/event.ts';
import { eventWith } from './sample-events.ts';

after(() => keepClientAddresses('keep'));

const cases = [
  { what: 'keep', client: '192.0.2.7', network: '192.0.2.0/24', helo: '[192.0.2.7]' },
  { what: 'network', client: undefined, network: '192.0.2.0/24', helo: '[192.0.2.0/24]' },
  { what: 'drop', client: undefined, network: undefined, helo: '[hidden]' },
] as const;

void describe('audit.client_addresses', () => {
  for (const { what, ...expected } of cases) {
    void it(`${what}: events say so much of where a client is, in texts too`, () => {
      keepClientAddresses(what);
      const { client, network, helo } = eventWith({ client: '192.0.2.7', helo: '[192.0.2.7]' });
      assert.deepEqual({ client, network, helo }, expected);
    });
  }
});
