import assert from 'node:assert/strict';
import { eventually, startTestGateway, type TestGatewayOptions } from '../../support/gateway.ts';
import { loggedIn } from '../../support/smtp.ts';

/** Starts a gateway and logs in: well, with a wrong password, and as somebody disabled; resolves to the causes of the refusals. */
export async function logInAtAGateway(
  options: TestGatewayOptions,
): Promise<Record<string, string | undefined>> {
  const gateway = await startTestGateway(options);
  try {
    const listener = { port: gateway.ports.submission };
    const client = await loggedIn(listener, 'alice@corp.example', 'pw-alice');
    assert.equal((await client.command('MAIL FROM:<alice.smith@corp.example>')).code, 250);
    client.destroy();
    await assert.rejects(loggedIn(listener, 'alice@corp.example', 'pw-bob'), /login failed/);
    await assert.rejects(loggedIn(listener, 'retired@corp.example', 'pw-retired'), /login failed/);
    const logins = () => gateway.events().filter(({ check }) => check === 'auth/login');
    await eventually('the third event', () => logins().length === 3);
    const [well, wrongly, retired] = logins().map(({ detail }) => detail);
    return { alice: well, 'alice, wrongly': wrongly, retired };
  } finally {
    await gateway.stop();
  }
}
