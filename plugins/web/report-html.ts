import type { Report } from '../core/readings/report.ts';
import { assetText } from './assets.ts';
import { Html, html } from './html.ts';
import { noLinks, sectionHtml } from './render/section.ts';
import { time, timeText } from './render/format.ts';

/** A report as one file that needs no other: for a mail, or to be put away. It runs no script and asks for nothing. */
export function reportHtml({ since, until, sections }: Report): string {
  // Our own file, not somebody's text.
  const style = new Html(`<style>${assetText('style.css')}</style>`);
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Gatekeeper, ${timeText(since)} to ${timeText(until)}</title>
        ${style}
      </head>
      <body class="file">
        <main>
          <div class="head">
            <div>
              <h1>Gatekeeper report</h1>
              <p class="lead">${time(since)} to ${time(until)} (UTC)</p>
            </div>
          </div>
          ${sections.map((section) => sectionHtml(section, noLinks))}
        </main>
      </body>
    </html> `;
  return page.toString();
}
