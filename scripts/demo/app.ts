import { X509Certificate } from 'node:crypto';
import { namesOf } from '../../plugins/core/certificate/names.ts';
import { certificateIn } from './certificates.ts';
import { type Entry, peopleBase } from './people.ts';

/** An application that has no password: it logs in by the key of a certificate, which is made where the demo runs. */

const uid = 'app';

/** What a gateway needs to know of it, in the section `directory` and beside it. */
export const appSettings = {
  directory: { certificate_attribute: 'gatekeeperCertificate' },
  certificates: { external: 'on' },
} as const;

/** Its entry, with a certificate in `dir`/app. */
export function appEntry(dir: string): Entry {
  const { spki } = namesOf(new X509Certificate(certificateIn(dir, 'app').cert));
  return {
    dn: `uid=${uid},${peopleBase}`,
    attributes: {
      objectClass: ['inetOrgPerson', 'gatekeeperSender'],
      ...{ uid: [uid], cn: ['Application'], sn: ['Application'], mail: [`${uid}@corp.example`] },
      gatekeeperCertificate: [`spki:sha256:${spki}`],
    },
  };
}
