import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startBrowser } from '../test/support/browser.ts';
import { aliceMessage } from '../test/support/trail-events.ts';
import { startWeb } from '../test/support/web.ts';

const folder = join(import.meta.dirname, '../docs/images');

const pictures = [
  { file: 'overview.png', path: '/', colorScheme: 'light', width: 1200, height: 900 },
  {
    file: 'trace.png',
    path: '/trace?what=<plan.2026@corp.example>',
    colorScheme: 'dark',
    width: 1200,
    height: 1080,
  },
  { file: 'phone.png', path: '/logins', colorScheme: 'light', width: 390, height: 780 },
] as const;

mkdirSync(folder, { recursive: true });
const [web, browser] = await Promise.all([startWeb(), startBrowser()]);
await web.site.store.append(aliceMessage(Date.now() - 1_800_000));
for (const { file, path, colorScheme, width, height } of pictures) {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width, height },
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(web.origin);
  await page.getByLabel('Account').fill('alice@corp.example');
  await page.getByLabel('Password').fill('pw-alice');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.goto(`${web.origin}${path}`, { waitUntil: 'load' });
  await page.screenshot({ path: join(folder, file) });
  await context.close();
}
await browser.close();
await web.stop();
