import { hostname } from 'node:os';
import { join } from 'node:path';
import { readText } from '../../core/read-text.ts';
import type { Policy } from '../../core/settings/settings.ts';
import type { SmartHostSettings } from '../../core/settings/smart-hosts.ts';
import { askSmartHost, LoginRefused, type Taken } from '../../core/smart-host/ask.ts';
import { openSmartHost } from '../../core/smart-host/open.ts';
import { Refused, type Question } from './question.ts';

/** As long as Haraka waits for a server (`connect_timeout` of outbound.ini, as shipped). */
const milliseconds = 30_000;

/** Every smart host. */
export function smartHostQuestions({ smart_hosts }: Policy, config: string): readonly Question[] {
  return smart_hosts.map((entry) => ({
    ...{ what: 'smart host', name: entry.name, milliseconds },
    login: loginOf(entry),
    ask: () => askOne(entry, config),
  }));
}

async function askOne(entry: SmartHostSettings, config: string): Promise<string> {
  const host = openSmartHost(entry, config);
  try {
    return inWords(entry, await askSmartHost(host, { helo: ownName(config), milliseconds }));
  } catch (error) {
    throw error instanceof LoginRefused ? new Refused(error.message) : error;
  } finally {
    host.credentials?.password.wipe();
  }
}

function inWords({ tls: rule }: SmartHostSettings, { tls, user }: Taken): string {
  const login = user === undefined ? 'no login is set' : `takes the login of ${user}`;
  if (tls === undefined) return `in clear, since it offers no TLS (tls: may); ${login}`;
  return rule === 'verify' ? `verified ${tls}; ${login}` : `${tls}, not verified (tls: may); ${login}`;
}

/** As Haraka calls itself. */
function ownName(config: string): string {
  try {
    const [name = ''] = /^\S+/.exec(readText(join(config, 'me'))) ?? [hostname()];
    return name;
  } catch {
    return hostname();
  }
}

/** Several entries may have one account. */
function loginOf({ host, port, user }: SmartHostSettings): string | undefined {
  if (user === undefined) return undefined;
  return JSON.stringify(['smart host', host.toLowerCase(), port, user]);
}
