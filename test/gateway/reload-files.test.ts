import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { inForce, Operator, refused } from './operator.ts';
import { greeted } from './traffic.ts';

void describe('the files that settings come from', () => {
  let gateway: TestGateway;
  let operator: Operator;
  before(async () => {
    gateway = await startTestGateway();
    operator = new Operator(gateway);
  });
  after(() => gateway.stop());

  void it('are watched with the files that they name, also those that are not there yet', async () => {
    const { directory } = parse(operator.changed({})) as { directory: object };
    const password = readFileSync(operator.file('ldap.password'), 'utf8');
    const other = operator.file('other.password');
    const named = { directory: { ...directory, bind_password_file: 'other.password' } };
    await operator.and(() => operator.write(named), refused);
    await operator.and(() => writeFileSync(other, password, { mode: 0o600 }), inForce);
    await operator.and(() => writeFileSync(other, ''), refused);
    await operator.and(() => writeFileSync(other, password), inForce);
    await operator.and(() => operator.write({}), inForce);
  });

  void it('are seen in a file of the same size and age, copied into the old one', async () => {
    const time = new Date('2026-01-01T00:00:00Z');
    const copy = (text: string) => {
      operator.write({ help_text: text });
      utimesSync(operator.file('gatekeeper.yaml'), time, time);
    };
    await operator.and(() => copy('Copy 1'), inForce);
    await operator.and(() => copy('Copy 2'), inForce);
    assert.match(await refusalOf(gateway), /\) Copy 2$/);
    await operator.and(() => operator.write({}), inForce);
  });

  void it('are refused when the folder of registries is a link that leads nowhere any more', async () => {
    const folder = operator.file('gatekeeper.d');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(operator.file('registries'));
    writeFileSync(operator.file('registries/domains.yaml'), 'protected_domains: [new.example]\n');
    await operator.and(() => symlinkSync('registries', folder), inForce);
    await operator.and(() => rmSync(operator.file('registries'), { recursive: true }), refused);
    assert.match(gateway.log(), /settings: \S+gatekeeper\.d: cannot be read \(ENOENT\)/);
    await operator.and(() => rmSync(folder), inForce);
  });
});

void describe('settings that change while the gateway starts', () => {
  void it('are in force a moment later', async () => {
    const plugin = join(import.meta.dirname, '../haraka-plugins/late-change.js');
    const gateway = await startTestGateway({ last: [plugin] });
    try {
      await eventually('the change', () => inForce.test(gateway.log()), 10_000);
      assert.match(await refusalOf(gateway), /\) Late$/);
    } finally {
      await gateway.stop();
    }
  });
});

/** A reply with the help text. */
async function refusalOf({ ports }: TestGateway): Promise<string> {
  const client = await greeted({ port: ports.submission });
  const { text } = await client.command('MAIL FROM:<alice@corp.example>');
  client.destroy();
  return text;
}
