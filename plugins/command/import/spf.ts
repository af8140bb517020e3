import { find, oddities, type Ini } from './ini.ts';
import { known, type Proposal, type Setting, type Spf } from './proposal.ts';

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

/** Takes over what `spf.ini` refuses by MAIL FROM; what it says of HELO and of who has logged in has no equal. */
export function fromSpf(ini: Ini): Proposal {
  const spf: Spf = {
    fail: action(ini, 'deny', 'mfrom_fail', 'reject'),
    softfail: action(ini, 'deny', 'mfrom_softfail', 'reject'),
    permerror: action(ini, 'deny', 'mfrom_permerror', 'reject'),
    temperror: action(ini, 'defer', 'mfrom_temperror', 'defer'),
  };
  return {
    spf,
    notes: [
      ...[...oddities(ini), ...mistaken(ini), ...refusedNothing(spf), ofHelo, ...withoutEqual(ini)],
      ...[...openspf(ini), ...ofLogins(ini), ...timeouts(ini), ownDomains, privateAddresses, forwarders],
    ],
  };
}

function action<A>(ini: Ini, section: string, key: string, strict: A): Setting<A | 'record'> {
  const from = find(ini, section, key)?.from ?? '';
  return known(isSet(ini, section, key) ? strict : 'record', from);
}

function isSet(ini: Ini, section: string, key: string): boolean {
  return find(ini, section, key)?.value === true;
}

/** Those that are in force, in the notation of the notes. */
function keysSet(ini: Ini, section: string, keys: readonly string[]): string[] {
  return keys.filter((key) => isSet(ini, section, key)).map((key) => `[${section}] ${key}`);
}

/** The sample that the plugin ships has such lines to be uncommented. */
function mistaken({ own, file }: Ini): string[] {
  return ['fail', 'softfail', 'permerror'].flatMap((result) => {
    const key = `deny.mfrom_${result}`;
    // What haraka-config takes for yes.
    if (!/^(?:true|yes|ok|enabled|on|1)$/i.test(String(own['deny']?.[key]))) return [];
    return [
      `config/${file}: ${key} in [deny] had no effect, and is not taken over. If it was meant: spf.${result}: reject.`,
    ];
  });
}

function refusedNothing(spf: Spf): string[] {
  return Object.values(spf).every(({ value }) => value === 'record') ? [asBefore] : [];
}

const asBefore =
  'It refused no result of MAIL FROM; nor do these settings. Without them a fail is refused, and a temperror deferred.';

const ofHelo =
  'HELO is judged whoever the sender is, and one that fails is treated as spf.fail says; the plugin refused by [deny] ' +
  'helo_fail, and the null sender only.';

function withoutEqual(ini: Ini): string[] {
  const keys = [
    ...keysSet(ini, 'deny', ['helo_none', 'helo_softfail', 'helo_permerror', 'mfrom_none']),
    ...keysSet(ini, 'defer', ['helo_temperror']),
  ];
  if (keys.length === 0) return [];
  return [
    `${keys.join(', ')}: without an equal. Of HELO only a fail counts, and a domain without an SPF record is no reason to refuse.`,
  ];
}

function openspf(ini: Ini): string[] {
  return isSet(ini, 'deny', 'openspf_text') ? [explained] : [];
}

const explained =
  '[deny] openspf_text: without an equal. A refusal tells what the domain itself explains, and your help_text.';

/** What it did with clients that relay, which to Gatekeeper are those that have logged in. */
function ofLogins(ini: Ini): string[] {
  const context = find(ini, 'relay', 'context')?.isOwn ? ['[relay] context'] : [];
  const keys = [
    ...[...keysSet(ini, 'skip', ['relaying', 'auth']), ...context],
    ...keysSet(ini, 'deny_relay', [...results, 'openspf_text']),
    ...keysSet(ini, 'defer_relay', ['helo_temperror', 'mfrom_temperror']),
  ];
  if (keys.length === 0) return [];
  return [
    `${keys.join(', ')}: not needed. Who has logged in is never judged by SPF, and nobody else relays.`,
  ];
}

function timeouts(ini: Ini): string[] {
  const keys = ['lookup_timeout', 'dns_timeout'].filter((key) => find(ini, 'main', key)?.isOwn);
  if (keys.length === 0) return [];
  return [
    `${keys.join(', ')}: not taken over. dns.timeout_seconds is the wait for one answer of a server, deadline_seconds that ` +
      `for a whole check.`,
  ];
}

const ownDomains =
  'Put your domains into protected_domains: who uses one of them without a login then needs an SPF pass, whatever the ' +
  'domain publishes, or an entry of partners.';

const privateAddresses =
  'Clients at private addresses are judged too; it left them out. Internal systems that send belong into partners, own ' +
  'gateways into nodes.';

const forwarders =
  'Who forwards mail to you brings senders that fail: name them in partners, with forwarder: true.';
