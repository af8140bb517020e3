import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import { memoryDns } from './memory-dns.ts';
import { readSuite } from './suite.ts';

const suite = readSuite();

if (suite) {
  describe('the test suite of openspf.org for RFC 7208', () => {
    for (const { description, zone, cases } of suite) {
      describe(description, () => {
        for (const { name, host, helo, mailfrom, results, explanation } of cases) {
          it(name, async () => {
            const outcome = await checkHost({ ip: host, sender: mailfrom, helo }, memoryDns(zone));
            assert.ok(results.includes(outcome.result), `${outcome.result}: ${outcome.because ?? ''}`);
            if (explanation !== undefined) assert.equal(outcome.explanation ?? 'DEFAULT', explanation);
          });
        }
      });
    }
  });
}
