import { find, findAll, oddities, type Found, type Ini } from './ini.ts';
import { placesOf } from './places.ts';
import { serviceAccount, type Proposal } from './proposal.ts';
import { serversOf, timeoutOf } from './servers.ts';

/** How haraka-plugin-auth-ldap 1.1 declares its keys. */
export const authLdapBooleans = ['core.rejectUnauthorized'];

const noServer: Found = {
  value: 'ldap://127.0.0.1',
  from: 'default of the plugin: [core] server',
  isOwn: false,
};

/** Proposes settings for `auth_ldap.ini`: the plugin binds with each DN of `[dns]`, ours searches first. */
export function fromAuthLdap(ini: Ini): Proposal {
  const verifies = find(ini, 'core', 'rejectUnauthorized')?.value === true;
  const { notes: aboutServers, ...servers } = serversOf(find(ini, 'core', 'server') ?? noServer, {
    verifies,
  });
  const templates = findAll(ini, 'dns');
  const { notes: aboutPlaces, ...places } = placesOf(templates.filter(({ isOwn }) => isOwn));
  return {
    directory: {
      ...servers,
      bind_dn: serviceAccount(places.base.value, noAccount),
      ...places,
      ...timeoutOf(find(ini, 'core', 'timeout')),
    },
    notes: [
      ...oddities(ini),
      ...[searchesFirst, ownAddresses],
      ...[...aboutServers, ...leftOverSamples(templates), ...aboutPlaces],
    ],
  };
}

const noAccount = 'auth-ldap has no account of its own; this one needs the rights in docs/sysadmin.md';

const searchesFirst =
  'It bound as the user at once. Gatekeeper searches the account first, with an account of its own: make one, give it the ' +
  'rights that docs/sysadmin.md shows, and write its password into config/ldap.password.';

/** What holds for every plugin that did not look at the sender. */
export const ownAddresses =
  'Whoever was logged in could send as anybody. Now MAIL FROM, From and Sender must be addresses of the account (mail, ' +
  'mailAlternateAddress). To see first what that would refuse: sender: { mode: observe }.';

/** The plugin's own sample has DNs too: they are in force unless the operator's keys have the same names. */
function leftOverSamples(templates: readonly Found[]): string[] {
  const samples = templates.filter(({ isOwn }) => !isOwn).map(({ value }) => String(value));
  if (samples.length === 0) return [];
  return [
    `The DNs of its own sample were tried too, unless you gave them other values; left out: ${samples.join('; ')}.`,
  ];
}
