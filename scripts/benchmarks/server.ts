import type { Certificate } from '../demo/certificates.ts';
import type { Person } from '../demo/people.ts';

/** What all servers of a run have in common. */
export interface Scene {
  /** Empty, for servers to make folders of their own in; every user may enter it. */
  readonly folder: string;
  /** Of the SMTP servers. */
  readonly certificate: Certificate;
  /** The LDAP directory: its URL, that in clear, and the authority that signed its certificate, in PEM and in a file. */
  readonly directory: {
    readonly url: string;
    readonly plainUrl: string;
    readonly ca: string;
    readonly caFile: string;
  };
  /** Who may log in. */
  readonly accounts: readonly Person[];
}

/** A kind of server that can be measured. */
export interface Contestant {
  /** As the command line has it. */
  readonly name: string;
  readonly title: string;
  /** How many clients it can serve at once without failing any; absent: as many as come. */
  readonly mostClients?: number;
  readonly start: (scene: Scene) => Promise<Server>;
}

/** A server that runs. */
export interface Server {
  readonly port: number;
  /** The processes that are the server, with all that descends from them. */
  readonly pids: readonly number[];
  /** What this account calls itself when it logs in. */
  readonly loginOf: (account: Person) => string;
  /** Where the server tells of each message, and by which words: once for each, when it is done with it. */
  readonly log: { readonly file: string; readonly words: string };
  stop(): Promise<void>;
}
