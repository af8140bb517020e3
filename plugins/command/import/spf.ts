import { find, oddities, type Ini } from './ini.ts';
import type { Proposal } from './proposal.ts';

const results = ['none', 'softfail', 'fail', 'permerror'].flatMap((result) => [
  `helo_${result}`,
  `mfrom_${result}`,
]);

/** How haraka-plugin-spf 1.3 declares its keys. */
export const spfBooleans = [
  ...['defer', 'defer_relay'].flatMap((section) => [
    `-${section}.helo_temperror`,
    `-${section}.mfrom_temperror`,
  ]),
  ...['deny', 'deny_relay'].flatMap((section) =>
    [...results, 'openspf_text'].map((key) => `-${section}.${key}`),
  ),
  ...['-skip.relaying', '-skip.auth'],
];

/** What an operator of haraka-plugin-spf should know: gatekeeper/sender checks SPF too, but whoever relies on the plugin keeps it. */
export function fromSpf(ini: Ini): Proposal {
  return {
    notes: [...oddities(ini), stays, ...loggedIn(ini), ...mistaken(ini), ...refusesLoggedIn(ini), weaknesses],
  };
}

const stays =
  'Its line stays, but is not needed: gatekeeper/sender checks SPF itself, and tells other plugins what the plugin told ' +
  'them. docs/migrate/spf.md compares their settings.';

const weaknesses =
  'Version 1.3.0 has weaknesses by which a stranger passes it or stops the server: take its line out, or set ' +
  'spf.harden_spf_plugin.';

/** `connection.notes.auth_user`, which `[skip] auth` asks for, is not set by gatekeeper/auth. */
function loggedIn(ini: Ini): string[] {
  if (find(ini, 'skip', 'relaying')?.value === true) return [];
  if (find(ini, 'skip', 'auth')?.value === true) return [skipAuth];
  return [
    'It also looks at clients that have logged in, and writes their address into a Received-SPF field of what they send; ' +
      '[skip] relaying = true in spf.ini leaves them out.',
  ];
}

const skipAuth =
  '[skip] auth has no effect beside gatekeeper/auth: write [skip] relaying = true, or it looks at clients that have logged in.';

/** The sample that the plugin ships has such lines to be uncommented. */
function mistaken({ own, file }: Ini): string[] {
  return ['deny', 'deny_relay'].flatMap((section) =>
    Object.keys(own[section] ?? {})
      .filter((key) => /^deny(?:_relay)?\./.test(key))
      .map((key) => `config/${file}: ${key} in [${section}] has no effect; without its first part it would.`),
  );
}

function refusesLoggedIn(ini: Ini): string[] {
  const keys = results.filter((key) => find(ini, 'deny_relay', key)?.value === true);
  if (keys.length === 0) return [];
  return [`[deny_relay] ${keys.join(', ')} refuses mail of clients that have logged in, now as before.`];
}
