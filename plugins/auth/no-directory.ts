import { Unavailable, type Directory } from '../core/directory/directory.ts';

const notYet = () => Promise.reject(new Unavailable('no directory is open yet'));

/** Before the settings are put to work, which is before any port accepts. */
export const noDirectory: Directory = {
  ...{ verify: notYet, find: notYet, byCertificate: notYet, verifier: notYet, probe: notYet },
  close: () => undefined,
};
