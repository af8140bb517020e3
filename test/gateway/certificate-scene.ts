import { X509Certificate } from 'node:crypto';
import { Attribute, Change, Client } from 'ldapts';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, peopleBase, type Entry } from '../../scripts/demo/people.ts';
import { namesOf } from '../../plugins/core/certificate/names.ts';
import { attributeValues } from '../../plugins/core/certificate/values.ts';
import { authority, Mint, type Issued } from '../support/certificates.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { SmtpClient } from '../support/smtp.ts';

const mint = new Mint();
const root = mint.make({ name: 'root', extensions: authority });
const otherRoot = mint.make({ name: 'other root', extensions: authority });
const listless = mint.make({ name: 'root without a list', extensions: authority });
const leaf = (name: string, alternative: string, more: object = {}) =>
  mint.make({ name, by: root, extensions: [`subjectAltName=${alternative}`], ...more });

/** Certificates of clients, by what is to be said of them. */
export const shown = {
  app: leaf('app', 'email:app@corp.example'),
  alice: leaf('alice', 'email:alice@corp.example'),
  host: leaf('host', 'DNS:host.corp.example'),
  pinned: mint.make({ name: 'pinned' }),
  stolen: mint.make({ name: 'stolen' }),
  nobody: leaf('nobody', 'email:nobody@corp.example'),
  expired: leaf('expired', 'email:app@corp.example', { days: -1 }),
  expiredPin: mint.make({ name: 'expired pin', days: -1 }),
  otherRoot: leaf('app', 'email:app@corp.example', { by: otherRoot }),
  selfSigned: mint.make({ name: 'app', extensions: ['subjectAltName=email:app@corp.example'] }),
  revoked: leaf('revoked', 'email:app@corp.example'),
  unlisted: leaf('unlisted', 'email:app@corp.example', { by: listless }),
  retired: leaf('retired', 'email:retired@corp.example'),
  twice: leaf('twice', 'DNS:twice.corp.example'),
  elsewhere: leaf('elsewhere', 'DNS:exchange.corp.example'),
} satisfies Record<string, Issued>;

export type Shown = keyof typeof shown;

/** The value of the attribute for the key of one of them. */
export function keyOf(who: Shown): string {
  return attributeValues(namesOf(new X509Certificate(shown[who].cert)))[0] ?? '';
}

/** The list of the first authority that has revoked these. */
export function revocationsOf(...who: readonly Shown[]): string {
  return mint.revocations(
    root,
    who.map((each) => shown[each]),
  );
}

const signers = { root, otherRoot, listless };

/** A file of authorities. */
export function authorities(...who: readonly (keyof typeof signers)[]): string {
  return who.map((each) => signers[each].cert).join('');
}

const account = (uid: string, ...certificates: readonly string[]): Entry => ({
  dn: dnOf(uid),
  attributes: {
    objectClass: ['inetOrgPerson', 'gatekeeperSender'],
    ...{ uid: [uid], cn: [uid], sn: [uid], mail: [`${uid}@corp.example`], userPassword: [`pw-${uid}`] },
    gatekeeperCertificate: certificates,
  },
});

export function dnOf(uid: string): string {
  return `uid=${uid},${peopleBase}`;
}

const own: Readonly<Record<string, readonly string[]>> = {
  alice: ['email:alice@corp.example'],
  retired: ['email:retired@corp.example'],
  exchange: ['dns:exchange.corp.example'],
};

const people = () => [
  ...entries().map((entry) => {
    const { uid: [uid = ''] = [] } = entry.attributes;
    const values = own[uid];
    return values ? { ...entry, attributes: { ...entry.attributes, gatekeeperCertificate: values } } : entry;
  }),
  account('app', 'email:app@corp.example'),
  account('host', 'dns:host.corp.example'),
  account('pinned', keyOf('pinned'), keyOf('expiredPin')),
  account('stolen', keyOf('stolen')),
  account('one', 'dns:twice.corp.example'),
  account('two', 'dns:twice.corp.example'),
];

/** Whoever manages the directory. */
const manager = dnOf('carol');
const access = `access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${manager}" write by users read by * none`;

export interface CertificateScene {
  readonly slapd: Slapd;
  readonly gateway: TestGateway;
  readonly change: (
    uid: string,
    operation: 'add' | 'delete' | 'replace',
    ...values: readonly string[]
  ) => Promise<void>;
  readonly stop: () => Promise<void>;
}

interface Wanted {
  readonly certificates: object;
  readonly directory?: object;
  readonly more?: object;
  readonly plugins?: TestGatewayOptions['plugins'];
  readonly last?: TestGatewayOptions['last'];
  /** Further files of config/. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A gateway whose directory knows these certificates. */
export async function startCertificateScene({
  certificates,
  directory,
  more,
  plugins,
  last,
  files,
}: Wanted): Promise<CertificateScene> {
  const slapd = await startSlapd({ ldif: ldif(people()), access });
  const gateway = await startTestGateway({
    directoryUrl: slapd.url,
    ...{ plugins, last },
    config: {
      ...files,
      'clients-ca.pem': authorities('root', 'listless'),
      'clients.crl': revocationsOf('revoked'),
    },
    settings: {
      directory: { certificate_attribute: 'gatekeeperCertificate', ...directory },
      certificates: {
        authorities_file: 'clients-ca.pem',
        revocations_file: 'clients.crl',
        ...certificates,
      },
      ...more,
    },
  });
  const change: CertificateScene['change'] = async (uid, operation, ...values) => {
    const client = new Client({ url: slapd.url });
    await client.bind(manager, 'pw-carol');
    const modification = new Attribute({ type: 'gatekeeperCertificate', values: [...values] });
    await client.modify(dnOf(uid), new Change({ operation, modification }));
    await client.unbind();
  };
  return {
    ...{ slapd, gateway, change },
    stop: async () => {
      await gateway.stop();
      await slapd.stop();
    },
  };
}

/** A client that has said EHLO over TLS, and shown a certificate. */
export async function greetWith(
  who: Shown | undefined,
  port: number,
  more: { readonly implicitTls?: boolean; readonly from?: string } = {},
): Promise<SmtpClient> {
  const client = await SmtpClient.connect({ port, tlsOptions: who ? shown[who] : {}, ...more });
  await client.reply();
  if (!more.implicitTls) {
    await client.command('EHLO client.example');
    await client.command('STARTTLS');
    await client.upgrade();
  }
  await client.command('EHLO client.example');
  return client;
}

/** Files of certificates for programs; they go with the scene. */
export function removeCertificates(): void {
  mint.remove();
}
