import type { CertificateNames } from './names.ts';

/**
 * What may stand in the attribute by which a directory knows certificates, one value for each name of a certificate: of the key
 * both spellings. These are what is searched for, so that a value has to be spelled so; letters are compared without case.
 */
export function attributeValues({ spki, subject, emails, hosts }: CertificateNames): readonly string[] {
  return [
    `spki:sha256:${spki}`,
    `spki:sha256:${Buffer.from(spki, 'base64').toString('hex')}`,
    ...(subject === undefined ? [] : [`subject:${subject}`]),
    ...emails.map((email) => `email:${email}`),
    ...hosts.map((host) => `dns:${host}`),
  ];
}

/**
 * Whether a value that a directory found is one of a certificate: the directory may have compared more generously than is good.
 * Of base64 each letter counts, of everything else neither case nor the number of spaces.
 */
export function isValueOf(names: CertificateNames, value: string): boolean {
  const [, spki] = /^\s*spki:sha256:([A-Za-z0-9+/]{43}=)\s*$/i.exec(value) ?? [];
  if (spki !== undefined) return spki === names.spki;
  const [, ...others] = attributeValues(names);
  return others.some((other) => folded(other) === folded(value));
}

/** RFC 4518 §2.6.1: white space in a row is one space. */
function folded(text: string): string {
  return text.trim().replace(/\s+/gu, ' ').toLowerCase();
}
