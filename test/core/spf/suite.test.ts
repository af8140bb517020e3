import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsOptions as ServerOptions, type DnsServer } from '../../../scripts/demo/dns.ts';
import { createDns, type DnsOptions } from '../../../plugins/core/dns/client.ts';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import { readSuite, type Scenario } from './suite.ts';

interface Way {
  readonly way: string;
  readonly server: Pick<ServerOptions, 'truncates' | 'failsForTimeout'>;
  readonly client: Pick<DnsOptions, 'timeout' | 'attempts'>;
}

const ways: readonly Way[] = [
  { way: 'over UDP', server: { failsForTimeout: true }, client: {} },
  { way: 'over TCP', server: { failsForTimeout: true, truncates: true }, client: {} },
  { way: 'where no answer is silence', server: {}, client: { timeout: 500, attempts: 1 } },
  { way: 'where no answer is SERVFAIL', server: { failsForTimeout: true }, client: { attempts: 1 } },
];

function plays({ description, zone, cases }: Scenario, { server: serverOptions, client }: Way): void {
  describe(description, () => {
    let server: DnsServer;
    let dns: ReturnType<typeof createDns>;
    before(async () => {
      server = await startDns({ port: 0, zone, ...serverOptions });
      dns = createDns({ servers: [`127.0.0.1:${server.port}`], ...client });
    });
    after(async () => {
      dns.close();
      await server.stop();
    });

    for (const { name, host, helo, mailfrom, results, explanation } of cases) {
      it(name, async () => {
        const outcome = await checkHost({ ip: host, sender: mailfrom, helo }, dns);
        assert.ok(results.includes(outcome.result), `${outcome.result}: ${outcome.because ?? ''}`);
        if (explanation !== undefined) assert.equal(outcome.explanation ?? 'DEFAULT', explanation);
      });
    }
  });
}

const suite = readSuite();

if (suite) {
  describe('the test suite of openspf.org for RFC 7208', () => {
    it('has 203 cases', () => {
      assert.equal(suite.flatMap(({ cases }) => cases).length, 203);
    });

    for (const way of ways) {
      describe(way.way, () => {
        for (const scenario of suite) plays(scenario, way);
      });
    }
  });
}
