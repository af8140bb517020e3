import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Plugin } from '../types.ts';

/** How Haraka calls itself to clients, where its settings let it tell its version. */
let shown: string | undefined;

/** Has Haraka find out its version once, and not for each connection. */
export const versionOnce = definePatch({
  name: 'version-once',
  reaches: '`setupClient` of connections, and `headers.show_version` of connection.ini',
  why: 'Haraka reads its package.json, and looks for a git checkout, each time a client connects.',
  fallback: 'a short session takes about 5 % more CPU time',
  install(plugin) {
    const { cfg, Connection } = plugin.haraka_require('connection');
    if (!cfg.headers.show_version) return undefined;
    shown = infoOf(plugin);
    const restore = replaceMethod(Connection, 'setupClient', (original) => (connection) => {
      if (shown !== undefined) connection.local.info = shown;
      original(connection);
    });
    cfg.headers.show_version = false;
    return () => {
      cfg.headers.show_version = true;
      restore();
    };
  },
  selfTest(plugin) {
    if (shown !== undefined) expect(`a connection to say ${shown}`, infoOf(plugin) === shown);
  },
});

function infoOf(plugin: Plugin): string {
  return throwAwayConnection(plugin).connection.local.info;
}
