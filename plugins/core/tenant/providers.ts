/** The settings that depend on the provider; those of the same name in the list `tenants`. */
interface Given {
  readonly certificate_names?: readonly string[];
  readonly spf_domain?: string;
  readonly id_header?: string;
  readonly domain_header?: string;
  readonly inside?: readonly string[];
  readonly outside?: readonly string[];
  readonly address_header?: string;
}

const crossTenant = 'X-MS-Exchange-CrossTenant';

const providers = {
  microsoft365: {
    certificate_names: ['mail.protection.outlook.com'],
    spf_domain: 'spf.protection.outlook.com',
    id_header: `${crossTenant}-Id`,
    domain_header: 'X-OriginatorOrg',
    inside: [`${crossTenant}-AuthAs: Internal`, `${crossTenant}-FromEntityHeader: Hosted`],
    outside: [`${crossTenant}-AuthAs: Anonymous`, `${crossTenant}-FromEntityHeader: HybridOnPrem`],
    address_header: `${crossTenant}-OriginalAttributedTenantConnectingIp`,
  },
  custom: {},
} as const satisfies Readonly<Record<string, Given>>;

type Provider = keyof typeof providers;

export const providerNames = Object.keys(providers) as [Provider, ...Provider[]];

/** An entry with what its provider says where it says nothing itself; what is wrong with it is left to the schema. */
export function withProvider(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
  const { provider = 'microsoft365' } = entry as Readonly<Record<string, unknown>>;
  const given = providerNames.find((name) => name === provider);
  return { ...(given && providers[given]), ...entry };
}
