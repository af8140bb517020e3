import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries } from '../../scripts/demo/people.ts';
import { eventually, startTestGateway } from '../support/gateway.ts';
import { startSlapd } from '../support/slapd.ts';
import { loggedIn } from '../support/smtp.ts';

void describe('a gateway with a misspelled attribute', () => {
  void it('starts, serves, and says in its log that the attribute restricts nobody', async () => {
    const slapd = await startSlapd({ ldif: ldif(entries()) });
    const directory = { status_attribute: 'acountStatus' };
    const gateway = await startTestGateway({ directoryUrl: slapd.url, settings: { directory } });
    try {
      const said = /^.*\[WARN\].*directory\.status_attribute: .* acountStatus: .* restricts nobody.*$/gm;
      await eventually('the line', () => said.test(gateway.log()), 60_000);
      const client = await loggedIn({ port: gateway.ports.submission }, 'alice@corp.example', 'pw-alice');
      assert.equal((await client.command('MAIL FROM:<alice@corp.example>')).code, 250);
      client.destroy();
      assert.equal(gateway.log().match(said)?.length, 1);
    } finally {
      await gateway.stop();
      await slapd.stop();
    }
  });
});
