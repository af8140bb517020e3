import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const cases = [
  {
    it: 'answers GET',
    method: 'GET',
    path: '/health',
    status: 200,
    body: /^\{"status":"ok","revision":"[0-9a-f]{12}","settings":"current"\}\n$/,
  },
  { it: 'answers HEAD without a body', method: 'HEAD', path: '/health', status: 200, body: /^$/ },
  { it: 'refuses POST', method: 'POST', path: '/health', status: 405, body: /405/ },
  { it: 'refuses DELETE', method: 'DELETE', path: '/health', status: 405, body: /405/ },
  { it: 'knows no other page', method: 'GET', path: '/', status: 404, body: /404/ },
  { it: 'knows no page below', method: 'GET', path: '/health/x', status: 404, body: /404/ },
] as const;

for (const nodes of [0, 2]) {
  void describe(`the health check with nodes=${nodes}`, () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await startTestGateway({ nodes });
    });
    after(() => gateway.stop());

    for (const { it: title, method, path, status, body } of cases) {
      void it(title, async () => {
        const answer = await fetch(`http://127.0.0.1:${gateway.ports.http}${path}`, { method });
        assert.equal(answer.status, status);
        assert.match(await answer.text(), body);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        if (status === 405) assert.equal(answer.headers.get('allow'), 'GET, HEAD');
      });
    }
  });
}
