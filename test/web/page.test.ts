import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { reportHtml } from '../../plugins/web/report-html.ts';
import { startBrowser } from '../support/browser.ts';
import { hostileText, sampleReport } from '../support/report.ts';
import { aliceMessage } from '../support/trail-events.ts';
import { event, startWeb, type TestWeb } from '../support/web.ts';

const begin = Date.now() - 3_600_000;

/** Every page, what it has to say, and where what it says comes from. */
const contents = [
  { path: '/', title: 'Overview', says: ['Worth a look', '5,132', 'By identity', 'exchange@corp.example'] },
  { path: '/logins', title: 'Logins', says: ['guessing', '398 distinct passwords', 'What to do'] },
  { path: '/senders', title: 'Senders', says: ['Taken over?', 'bob@corp.example', '812 MB'] },
  { path: '/misconfigured', title: 'Misconfigured', says: ['HELO copier-2', 'Turn on STARTTLS'] },
  {
    path: '/impersonation',
    title: 'Impersonation',
    says: ['Nobody claimed to be us.', 'What would have been refused'],
  },
  { path: '/trace', title: 'Trace', says: ['The whole life of a message will appear here'] },
  {
    path: '/trace?what=alice@corp.example',
    title: 'Trace',
    says: ['secret-bcc@elsewhere.example', 'Greylisted'],
  },
  { path: '/held', title: 'Held', says: ['Nothing is held.', 'Suspend an account'] },
  { path: '/settings', title: 'Settings', says: ['(secret)', 'directory.bind_dn', 'cn=mail-admins'] },
] as const;

void describe('the page in a browser', () => {
  let web: TestWeb;
  let browser: Browser;
  let admin: BrowserContext;
  const violations: string[] = [];

  before(async () => {
    [web, browser] = await Promise.all([startWeb(), startBrowser()]);
    await web.site.store.append(aliceMessage(begin));
    admin = await loggedIn('alice@corp.example', 'pw-alice');
  });

  after(async () => {
    await browser.close();
    await web.stop();
  });

  async function opened(context: BrowserContext, path: string): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        violations.push(`${path}: ${message.text()}`);
    });
    page.on('pageerror', (error) => violations.push(`${path}: ${error.message}`));
    page.on('dialog', (dialog) => {
      violations.push(`${path}: a script of somebody else ran`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(web.origin)) violations.push(`${path}: asked ${request.url()}`);
    });
    await page.goto(`${web.origin}${path}`);
    return page;
  }

  async function loggedIn(account: string, password: string, options = {}): Promise<BrowserContext> {
    const context = await browser.newContext(options);
    const page = await opened(context, '/');
    await page.getByLabel('Account').fill(account);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Overview');
    await page.close();
    return context;
  }

  for (const { path, title, says } of contents) {
    void it(`shows ${path}`, async () => {
      const page = await opened(admin, path);
      assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), title);
      const text = await page.locator('main').innerText();
      for (const each of says) assert.ok(text.includes(each), `${path} says ${each}: ${text}`);
      await page.close();
    });
  }

  void it('shows the same without a script, with a chart that the server has drawn', async () => {
    const page = await (
      await loggedIn('alice@corp.example', 'pw-alice', { javaScriptEnabled: false })
    ).newPage();
    await page.goto(web.origin);
    assert.equal(await page.locator('figure svg[role=img] path.line').count(), 4);
    await page.getByText('Numbers of “Messages per hour”').click();
    assert.equal(await page.getByRole('region', { name: 'Numbers of' }).getByRole('row').count(), 25);
    await page.context().close();
  });

  void it('has a chart that tells its numbers where one points at it', async () => {
    const page = await opened(admin, '/');
    await page.locator('.u-over').hover();
    await page.waitForFunction('/accepted \\d+, refused/.test(document.body.innerText)');
    await page.close();
  });

  void it('is used by the keyboard alone', async () => {
    const page = await opened(admin, '/trace');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('<plan.2026@corp.example>');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    await page.close();
  });

  void it('leads from a list to the one message', async () => {
    const other = '0D9A0A52-3C6E-4B7C-9F0E-2A1D6C1F7E99.1';
    await web.site.store.append([
      event({
        ...{ check: 'outbound/accepted', queue_id: other, accepted: true, recipients: ['x@partner.example'] },
        ...{
          sender: 'alice@corp.example',
          identity: 'alice@corp.example',
          message_id: '<second@corp.example>',
        },
      }),
    ]);
    const page = await opened(admin, '/trace?what=alice%40corp.example');
    assert.ok((await page.locator('main').innerText()).includes('2 messages'));
    await page.getByRole('link', { name: other }).click();
    assert.ok((await page.locator('main').innerText()).includes('<second@corp.example>'));
    await page.close();
  });

  void it('shows a viewer no recipient, neither by name nor by what servers said nor by searching for one', async () => {
    const viewer = await loggedIn('bob@corp.example', 'pw-bob');
    const page = await opened(viewer, '/trace?what=%3Cplan.2026%40corp.example%3E');
    const html = await page.content();
    assert.ok(html.includes('…@elsewhere.example') && html.includes('550 5.1.1'), html);
    assert.ok(!/secret-bcc|carol@|dan@|Greylisted/.test(html), html);
    await page.goto(`${web.origin}/trace?what=secret-bcc%40elsewhere.example`);
    assert.ok((await page.locator('main').innerText()).includes('Nothing is known of'));
    await page.goto(`${web.origin}/held`);
    assert.equal(await page.getByRole('button', { name: 'Suspend' }).count(), 0);
    await viewer.close();
  });

  void it('writes each search into the trail, with who it was', async () => {
    const page = await opened(admin, '/trace?what=what-i-looked-for');
    await page.close();
    const told: (string | undefined)[] = [];
    for await (const batch of web.site.store.events({ mentions: 'alice@corp.example' })) {
      told.push(
        ...batch
          .filter(({ event: { check } }) => check === 'audit/operator')
          .map(({ event: { detail } }) => detail),
      );
    }
    assert.ok(told.includes('trace what-i-looked-for'), told.join('; '));
  });

  void it('shows what attackers call themselves as text', async () => {
    await web.site.store.append(
      aliceMessage(
        begin,
        {
          ...{ sender: `${hostileText}@x`, message_id: `<${hostileText}>`, identity: hostileText },
          ...{ identity_id: hostileText, helo: hostileText },
        },
        '11111111-3C6E-4B7C-9F0E-2A1D6C1F7E11',
      ),
    );
    web.showReport((until) => sampleReport(until, hostileText));
    for (const path of ['/', '/logins', '/senders', `/trace?what=${encodeURIComponent(hostileText)}`]) {
      const page = await opened(admin, path);
      assert.ok((await page.locator('main').innerText()).includes('<script>alert(2)</script>\\u202e'), path);
      assert.equal(await page.locator('main img, main script').count(), 0);
      await page.close();
    }
    web.showReport((until) => sampleReport(until));
  });

  void it('has nothing that axe complains of, in light and in dark', async () => {
    const nobody = await browser.newContext({ reducedMotion: 'reduce' });
    for (const { path } of [...contents, { path: '/nowhere' }, { path: '/login' }]) {
      const page = await opened(path === '/login' ? nobody : admin, path);
      await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true');
      await page.evaluate(axe.source);
      assert.deepEqual(await complaints(page), [], path);
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      assert.deepEqual(await complaints(page, ['color-contrast']), [], `${path} in dark`);
      await page.close();
    }
    await nobody.close();
  });

  void it('fits a phone: nothing but a table moves sideways', async () => {
    web.showReport((until) => sampleReport(until, 'a-name-without-any-place-to-break-'.repeat(8)));
    const page = await opened(admin, '/');
    await page.setViewportSize({ width: 360, height: 740 });
    for (const { path } of contents) {
      await page.goto(`${web.origin}${path}`);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= 360, `${path} is ${String(wide)} wide`);
    }
    web.showReport((until) => sampleReport(until));
    await page.close();
  });

  void it('logs out, and then knows nobody', async () => {
    const context = await loggedIn('alice@corp.example', 'pw-alice');
    const page = await opened(context, '/');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.goto(`${web.origin}/settings`);
    assert.ok(page.url().endsWith('/login?to=%2Fsettings'));
    await context.close();
  });

  void it('puts a report into one file, which runs nothing, asks for nothing and shows the charts', async () => {
    const page = await (await browser.newContext()).newPage();
    page.on('request', (request) => violations.push(`file: asked ${request.url()}`));
    await page.setContent(reportHtml(sampleReport(begin, hostileText)));
    const text = await page.locator('main').innerText();
    for (const each of ['398 distinct passwords', '812 MB', '<script>alert(2)</script>'])
      assert.ok(text.includes(each));
    assert.equal(await page.locator('figure path.line').count(), 8);
    assert.equal(await page.locator('script, img, link').count(), 0);
    await page.context().close();
  });

  void it('has broken its own policy nowhere, and asked for nothing from elsewhere', () => {
    assert.deepEqual(
      violations.filter((each) => !each.includes('404')),
      [],
    );
  });
});

/** What axe finds, by all of its rules or by some. */
function complaints(page: Page, rules?: readonly string[]): Promise<string[]> {
  const options = JSON.stringify(rules ? { runOnly: rules } : {});
  return page.evaluate<string[]>(
    `axe.run(${options}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  );
}

function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.textContent');
}
