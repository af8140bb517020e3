import { authLdap, flatFile, gatekeeper, gatekeeperAlone } from './haraka.ts';
import { postfix, postfixLdap, postfixUnqueued } from './postfix.ts';
import type { Contestant } from './server.ts';

/** All that can be measured, in the order of the report. */
export const contestants: readonly Contestant[] = [
  flatFile,
  authLdap,
  postfix,
  postfixUnqueued,
  postfixLdap,
  gatekeeper,
  gatekeeperAlone,
];
