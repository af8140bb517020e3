import { isIP } from 'node:net';
import { parseDomain } from '../mailbox.ts';
import type { HeaderField } from '../message/header.ts';
import { networkSet } from '../network.ts';
import type { Policy } from '../settings/settings.ts';

export type Tenant = Policy['tenants'][number];

/** A tenant that a header names beyond doubt, or what speaks against that. */
export type Claimed =
  | { readonly tenant: Tenant; readonly fault?: never }
  | { readonly tenant?: Tenant; readonly fault: string };

/** The name in a setting `NAME: VALUE`, in lower case. */
export function fieldNameIn(text: string): string {
  return text.slice(0, text.indexOf(':')).toLowerCase();
}

/** Of which of these tenants a header says that it is. Each field stands once: of two, the provider may have written neither. */
export function claimedTenant(fields: readonly HeaderField[], tenants: readonly Tenant[]): Claimed {
  let fault = 'no tenant is in question';
  for (const tenant of tenants) {
    const id = theOne(fields, tenant.id_header);
    if (isFault(id)) fault = id.fault;
    else if (tenant.ids.some((each) => isSame(each, id))) {
      const wrong = faultOf(fields, tenant, id);
      return wrong === undefined ? { tenant } : { tenant, fault: wrong };
    } else fault = `${tenant.id_header}: ${id} is of none of the tenants`;
  }
  return { fault };
}

function faultOf(fields: readonly HeaderField[], tenant: Tenant, id: string): string | undefined {
  const { domain_header, domains } = tenant;
  const domain = theOne(fields, domain_header);
  if (isFault(domain)) return domain.fault;
  const known = parseDomain(domain);
  if (known === undefined || !domains.some((each) => parseDomain(each) === known))
    return `${domain_header}: ${domain} is no domain of ${tenant.name}`;
  return faultOfOrigin(fields, tenant, id);
}

/** A mailbox of the tenant has sent it, or one of its own servers. */
function faultOfOrigin(fields: readonly HeaderField[], tenant: Tenant, id: string): string | undefined {
  let odd: string | undefined;
  for (const text of tenant.inside) {
    const name = nameIn(text);
    const value = theOne(fields, name);
    if (isFault(value)) return value.fault;
    if (isSame(value, valueIn(text))) continue;
    odd = `${name}: ${value}`;
    const others = tenant.outside.filter((each) => fieldNameIn(each) === name.toLowerCase());
    if (!others.some((each) => isSame(value, valueIn(each)))) return `${odd} does not count`;
  }
  return odd === undefined ? undefined : faultOfAddress(fields, tenant, { id, odd });
}

function faultOfAddress(
  fields: readonly HeaderField[],
  { address_header: header, addresses, name }: Tenant,
  { id, odd }: { readonly id: string; readonly odd: string },
): string | undefined {
  if (header === undefined || addresses.length === 0) return `${odd} needs addresses of ${name}`;
  const written = theOne(fields, header);
  if (isFault(written)) return `${odd}: ${written.fault}`;
  const address = addressIn(written, id);
  if (address === undefined) return `${header}: ${written} cannot be read`;
  return networkSet(addresses)(address) ? undefined : `${header}: ${address} is none of ${name}`;
}

/** `ADDRESS`, or as Microsoft 365 writes it: `TenantId=ID;Ip=[ADDRESS];Helo=[NAME]`. */
function addressIn(text: string, id: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const [, of = '', address = ''] = /^TenantId=([^;]+);Ip=\[([^\]]+)\];Helo=\[[^\]]*\]$/i.exec(text) ?? [];
  return isSame(of, id) && isIP(address) !== 0 ? address : undefined;
}

interface Fault {
  readonly fault: string;
}

/** The value of a field that has to stand exactly once. */
function theOne(fields: readonly HeaderField[], name: string): string | Fault {
  const [first, second] = fields.filter((field) => field.name === name.toLowerCase());
  if (!first) return { fault: `${name} is missing` };
  return second ? { fault: `${name} stands more than once` } : first.value.trim();
}

function isFault(found: string | Fault): found is Fault {
  return typeof found !== 'string';
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function nameIn(text: string): string {
  return text.slice(0, text.indexOf(':'));
}

function valueIn(text: string): string {
  return text.slice(text.indexOf(':') + 1).trim();
}
