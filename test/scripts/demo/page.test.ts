import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page as BrowserPage } from 'playwright-core';
import { startDirectory } from '../../../scripts/demo/directory.ts';
import { type Page, startPage } from '../../../scripts/demo/page.ts';
import { entries } from '../../../scripts/demo/people.ts';
import { groups, pageSettings } from '../../../scripts/demo/roles.ts';
import { startBrowser } from '../../support/browser.ts';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { freePorts } from '../../support/ports.ts';
import { loggedIn } from '../../support/smtp.ts';
import { alice, send } from '../../gateway/traffic.ts';

void describe('the page beside the gateway of the demo', () => {
  let gateway: TestGateway;
  let directory: { readonly port: number; stop(): Promise<void> };
  let page: Page;
  let browser: Browser;
  before(async () => {
    const [port] = await freePorts(1);
    directory = await startDirectory({ port: 0, entries: [...entries(), ...groups] });
    const directoryUrl = `ldap://127.0.0.1:${directory.port}`;
    [gateway, browser] = await Promise.all([
      startTestGateway({ directoryUrl, settings: pageSettings(port) }),
      startBrowser(),
    ]);
    page = await startPage({ dir: gateway.dir, port });
  });
  after(async () => {
    await browser.close();
    await page.stop();
    await gateway.stop();
    await directory.stop();
  });

  void it('shows who sent a message and who failed to log in', async () => {
    const client = await alice({ port: gateway.ports.submission });
    const reply = await send(client, { from: 'alice@corp.example', to: 'friend@world.example' });
    assert.equal(reply.code, 250, reply.text);
    client.destroy();
    await assert.rejects(loggedIn({ port: gateway.ports.submission }, 'bob@corp.example', 'wrong'));
    await eventWith(gateway, { check: 'auth/login', reason: 'bad-credentials' });
    await eventually('the message', () => gateway.delivered().length === 1);
    const tab = await enter(browser, page.url);
    await tab.getByRole('link', { name: 'Logins' }).click();
    await reloadedUntil(tab, 'bob@corp.example');
    await tab.getByRole('link', { name: 'Trace' }).click();
    await tab.getByLabel('Message-ID, queue id').fill('friend@world.example');
    await tab.getByRole('button', { name: 'Search' }).click();
    await tab.getByText('delivered', { exact: true }).first().waitFor();
    assert.match((await tab.locator('main').textContent()) ?? '', /alice@corp\.example/);
    await assertFits(tab, page.url);
  });
});

async function enter(browser: Browser, url: string): Promise<BrowserPage> {
  const tab = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  tab.setDefaultTimeout(5000);
  await tab.goto(url);
  await tab.getByLabel('Account').fill('alice@corp.example');
  await tab.getByLabel('Password').fill('pw-alice');
  await tab.getByRole('button', { name: 'Log in' }).click();
  await tab.getByRole('heading', { name: 'Overview' }).waitFor();
  return tab;
}

/** The page shows the same numbers for a moment, and older ones where reading takes long. */
async function reloadedUntil(tab: BrowserPage, name: string): Promise<void> {
  const row = tab.getByRole('rowheader', { name });
  for (const end = Date.now() + 60_000; (await row.count()) === 0; await tab.reload())
    assert.ok(Date.now() < end, `${name} is on no page`);
}

/** With usual names nobody has to scroll a table sideways. */
async function assertFits(tab: BrowserPage, url: string): Promise<void> {
  for (const path of ['', 'logins', 'misconfigured']) {
    await tab.goto(`${url}${path}`);
    const tooWide = await tab.evaluate(
      "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).length",
    );
    assert.equal(tooWide, 0, `/${path}`);
  }
}
