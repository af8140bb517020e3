import type { StateAttribute } from './state.ts';

/** The settings that depend on the kind of the server; those of the same name in `directorySettings`. */
interface Given {
  readonly filter?: string;
  readonly address_attributes?: readonly string[];
  readonly status_attribute?: string;
  readonly state_attributes?: readonly StateAttribute[];
  readonly nested_groups?: 'walk' | 'in-chain';
}

/** What is usual with a kind of server, for settings that do not say it themselves. */
const presets = {
  custom: {},
  openldap: {
    filter: '(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))',
    state_attributes: ['pwdAccountLockedTime', 'pwdReset'],
  },
  'active-directory': {
    filter:
      '(&(objectCategory=person)(objectClass=user)(|(userPrincipalName={login})(sAMAccountName={login})(mail={login})))',
    address_attributes: ['mail', 'proxyAddresses'],
    status_attribute: '',
    state_attributes: [
      ...(['userAccountControl', 'accountExpires', 'pwdLastSet'] as const),
      'msDS-User-Account-Control-Computed',
    ],
    nested_groups: 'in-chain',
  },
  freeipa: {
    filter: '(&(objectClass=person)(|(uid={login})(krbPrincipalName={login})(mail={login})))',
    address_attributes: ['mail'],
    status_attribute: '',
    state_attributes: ['nsAccountLock', 'krbPrincipalExpiration', 'krbPasswordExpiration'],
  },
  '389ds': {
    filter: '(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))',
    status_attribute: '',
    state_attributes: ['nsAccountLock'],
  },
} as const satisfies Readonly<Record<string, Given>>;

export type Preset = keyof typeof presets;

export const presetNames = Object.keys(presets) as [Preset, ...Preset[]];

/** What a preset says. */
export function presetOf(name: Preset): Given {
  return presets[name];
}

/** The section `directory` with what its preset says where it says nothing itself; what is wrong with it is left to the schema. */
export function withPreset(section: unknown): unknown {
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return section;
  const { preset, bind_template } = section as Readonly<Record<string, unknown>>;
  const given = presetNames.find((name) => name === preset);
  return {
    ...(given && presets[given]),
    // A DN names one entry, without a filter to find it.
    ...(bind_template !== undefined && { filter: anyEntry }),
    ...section,
  };
}

const anyEntry = '(objectClass=*)';
