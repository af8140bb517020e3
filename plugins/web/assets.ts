import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Answer } from './answer.ts';

const required = createRequire(import.meta.url);

const own = (name: string) => join(import.meta.dirname, 'assets', name);

/** Files of the page, by what templates call them. */
const sources = {
  'style.css': { path: own('style.css'), type: 'text/css; charset=utf-8' },
  'page.js': { path: own('page.js'), type: 'text/javascript; charset=utf-8' },
  'icon.svg': { path: own('icon.svg'), type: 'image/svg+xml' },
  'uplot.js': {
    path: required.resolve('uplot/dist/uPlot.iife.min.js'),
    type: 'text/javascript; charset=utf-8',
  },
  'uplot.css': { path: required.resolve('uplot/dist/uPlot.min.css'), type: 'text/css; charset=utf-8' },
} as const;

type AssetName = keyof typeof sources;

const folder = '/assets/';

const loaded = new Map(
  Object.entries(sources).map(([name, { path, type }]) => {
    const body = readFileSync(path);
    const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16);
    return [name, { url: `${folder}${name.replace('.', `.${hash}.`)}`, body, type }];
  }),
);

const byUrl = new Map([...loaded.values()].map((asset) => [asset.url, asset]));

/** Where a file is: its name changes with its content, so that a browser may keep it for ever. */
export function assetUrl(name: AssetName): string {
  return loaded.get(name)?.url ?? '';
}

/** What is in a file, for a page that has to be whole in itself. */
export function assetText(name: AssetName): string {
  return loaded.get(name)?.body.toString('utf8') ?? '';
}

/** The file of a path; `undefined` where the path is none of a file. */
export function assetAnswer(path: string): Answer | undefined {
  const asset = byUrl.get(path);
  if (!asset) return undefined;
  const headers = { 'cache-control': 'public, max-age=31536000, immutable' };
  return { status: 200, body: asset.body, type: asset.type, headers };
}
