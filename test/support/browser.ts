import { chromium, type Browser } from 'playwright-core';

/** Debian's Chromium; CHROMIUM names another. Everything here runs as root at times, where it has no sandbox. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--lang=en-GB'],
  });
}
