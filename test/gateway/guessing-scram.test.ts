import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ldif } from '../../scripts/demo/ldif.ts';
import { startTestGateway } from '../support/gateway.ts';
import { ScramClient } from '../support/scram.ts';
import { verifiedEntries } from '../support/scram-people.ts';
import { startSlapd } from '../support/slapd.ts';
import { alice, session, settings, stranger } from './guesser.ts';

void describe('guessing by SCRAM', () => {
  void it('ends after ten proofs, of however many exchanges that began before: nothing tells the right one', async () => {
    const slapd = await startSlapd({ ldif: ldif(verifiedEntries()) });
    const gateway = await startTestGateway({
      directoryUrl: slapd.url,
      settings: { ...settings, directory: { scram_attribute: 'gatekeeperScramVerifier' } },
    });
    const begun = async (number: number, password: string) => {
      const client = await session(gateway, stranger(number));
      const scram = new ScramClient({ login: alice, password });
      const asked = await client.command(`AUTH SCRAM-SHA-256 ${scram.first()}`);
      assert.equal(asked.code, 334);
      return { client, answer: () => client.command(scram.final(asked.lines[0] ?? '')) };
    };
    try {
      const guesses = await Promise.all(
        Array.from({ length: 14 }, (_, number) => begun(number, `guess-${number}`)),
      );
      const right = await begun(99, 'pw-alice');
      const codes = [];
      for (const { answer } of guesses) codes.push((await answer()).code);
      assert.deepEqual(codes, [...Array<number>(10).fill(535), ...Array<number>(4).fill(454)]);
      assert.match((await right.answer()).text, /^454 4\.7\.0 Too many failed logins, wait and try again /);
      for (const { client } of [...guesses, right]) client.destroy();
    } finally {
      await gateway.stop();
      await slapd.stop();
    }
  });
});
