import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Listener, TlsIni, TlsOptions } from './tls-types.ts';

export type { Listener, TlsIni, TlsIniSection, TlsOptions } from './tls-types.ts';

/** Haraka's objects (3.3), as far as the plugins use them: declared once, here. */

/** Continues a hook chain: a code of haraka-constants and, for a refusal, a text or a DSN object. */
export type Next = (code?: number, message?: unknown) => void;

export interface Address {
  readonly user: string;
  readonly host: string;
  /** With A-labels where it is told so. */
  format(punycode?: boolean): string;
  isNull(): boolean;
}

export interface ResultStore {
  add(plugin: { readonly name: string }, results: Readonly<Record<string, unknown>>): void;
  get(plugin: { readonly name: string }): Readonly<Record<string, unknown>> | undefined;
}

/** The header of a message: what is in `header_list` leaves. */
export interface Header {
  /** Each field in one entry, as it came, and those that were added. */
  readonly header_list: string[];
  /** Values by name in lower case, of the fields that Haraka can read. */
  readonly headers: Record<string, string[] | undefined>;
  readonly headers_decoded: Record<string, string[] | undefined>;
  parse(lines: readonly string[]): void;
}

export interface Transaction {
  readonly uuid: string;
  readonly mail_from: Address | null;
  readonly rcpt_to: readonly Address[];
  readonly header_lines: readonly string[];
  /** By which header lines are decoded; `binary` after HELO. */
  readonly encoding: string;
  readonly header: Header;
  readonly results: ResultStore;
  readonly notes: Record<string, unknown>;
  /** The message on its way out, line by line as it came over the wire. */
  readonly message_stream: MessageStream;
  add_leading_header(name: string, value: string): void;
  remove_header(name: string): void;
  add_data(line: Buffer): void;
  end_data(done: () => void): void;
  msg_status?: 'accepted' | 'rejected' | 'deferred';
}

export interface MessageStream {
  /** Whether the message has a file. */
  readonly spooling: boolean;
  /** What leaves as header: the list of the header itself. */
  readonly headers: readonly string[];
  add_line(line: Buffer): void;
  destroy(): void;
}

/** A client's socket: in clear a wrapper whose `cleartext` appears with STARTTLS, on an implicit-TLS port the TLS socket. */
export interface ClientSocket {
  readonly localPort?: number;
  readonly cleartext?: TLSSocket;
  readonly encrypted?: boolean;
  /** Begins TLS, and says when it stands; in clear only. */
  upgrade?(done: (...facts: unknown[]) => void): void;
  write(data: string): unknown;
  destroy(): void;
  prependListener?(event: 'error', hear: (fault: Error) => void): unknown;
  prependOnceListener?(event: 'data', hear: (octets: Buffer) => void): unknown;
}

export interface Connection {
  readonly uuid: string;
  readonly client: ClientSocket;
  /** `host` is what this host calls itself: config/me, or the name of the machine; `info` the software, for clients. */
  readonly local: { port: number | undefined; readonly host: string; info: string };
  readonly remote: { readonly ip: string; readonly port: number };
  /** `host` is forgotten after STARTTLS; `verb` is HELO or EHLO, once one was said. */
  readonly hello: { host: string | null; readonly verb: string | null };
  /** After STARTTLS with the version that was negotiated. */
  readonly tls: {
    readonly enabled: boolean;
    readonly cipher: { readonly name?: string; readonly version?: string };
  };
  /** In milliseconds since 1970. */
  readonly start_time: number;
  /** Transactions that were begun. */
  readonly tran_count: number;
  readonly early_talker: boolean;
  readonly proxy: { allowed: boolean; readonly type: string | null };
  readonly notes: Record<string, unknown>;
  readonly results: ResultStore;
  readonly msg_count: { accept: number; tempfail: number; reject: number };
  readonly transaction: Transaction | null;
  errors: number;
  /** The list under construction while the hook `capabilities` runs. */
  readonly capabilities: string[] | null;
  readonly esmtp: boolean;
  /** What has arrived and was not read as lines yet. */
  current_data: Buffer | null;
  current_line: string | null;
  state: number;
  relaying: boolean;
  /** Of the connection, whatever a transaction says. */
  _relaying: boolean;
  authheader?: string;
  respond(code: number, message: unknown, done?: () => void): void;
  reset_transaction(done?: () => void): void;
  resume(): void;
  disconnect(): void;
  process_data(data: Buffer): void;
  process_line(line: Buffer): void;
  cmd_mail(line: string): void;
  cmd_proxy(line: string): void;
  init_transaction(done: () => void): void;
  /** The value of the Received field for the open transaction, folded. */
  received_line(): string;
  /** The body of the Authentication-Results field, to which `result` is added; empty without any. */
  auth_results(result?: string): string;
  /** Ends the hook `data_post`, and begins the queue hooks. */
  data_post_respond(code: number, message?: unknown): void;
  lognotice(...data: unknown[]): void;
  logwarn(...data: unknown[]): void;
  logerror(...data: unknown[]): void;
  logcrit(...data: unknown[]): void;
  logprotocol(...data: unknown[]): void;
}

/** A message in Haraka's queue, or the piece of one that goes to one domain. */
export interface QueuedMessage extends EventEmitter {
  /** Of its file, which has another name after each try. */
  readonly path: string;
  readonly filename: string;
  readonly file_size: number;
  /** Where the message begins in it. */
  readonly data_start: number;
  /** The header of the file; `uuid` is that of the transaction and the number of the piece. */
  readonly todo: {
    readonly uuid: string;
    /** When it was accepted, in milliseconds since 1970. */
    readonly queue_time: number;
    readonly mail_from: Address;
    rcpt_to: readonly Address[];
    readonly notes: Readonly<Record<string, unknown>>;
  };
  /** Of the transaction, or empty where the message was read from its file. */
  readonly notes: unknown;
  /** How many still need the file: who is the last removes it. */
  refcount: number;
  /** The message without the header of the file. */
  data_stream(): Readable;
  /**
   * Makes a message of its own for some recipients, and gives that; or this message, with a further need of the file, where it
   * has no others.
   */
  split_to_new_recipients(
    recipients: readonly Address[],
    why: string,
    done: (message: QueuedMessage) => void,
  ): void;
  /** Looks at the file, then reads its header, and emits `ready`. */
  size_file(): Promise<void>;
  read_todo(): Promise<void>;
  /** Begins a try, as soon as the header is read. */
  send(): void;
  /** Gives back its place in the queue. */
  next_cb(): void;
  /** Takes the answer of the hook `send_email`: `delay` has it tried again after so many seconds. */
  send_email_respond(code: number, delaySeconds?: number): void;
  /** Takes the answer of the hook `get_mx`: unless that ends it, the message is sent. */
  get_mx_respond(code: number, mx?: unknown): unknown;
  /** Ends a try for which no servers were found: for good where `code` says that there is no such domain. */
  get_mx_error(error: Error & { readonly code?: string }): void;
  /** Takes the answer of the hook `bounce`. */
  bounce_respond(code: number): void;
  populate_bounce_message(
    from: Address,
    to: Address,
    reason: unknown,
    done: (error: unknown, lines?: readonly string[]) => void,
  ): void;
  /** Tries that failed so far. */
  readonly num_failures: number;
  /** Why it is bounced: with what `deferred` and `bounce` are told beside, under other names. */
  readonly bounce_error:
    | (Error & { readonly mx?: Mx; readonly bounced_rcpt?: Tried[]; readonly deferred_rcpt?: Tried[] })
    | null;
  /** Servers that are left to be tried. */
  readonly mxlist: Mx[];
  get_mx(): void;
  /** Takes the next of the servers. */
  try_deliver(): unknown;
  /** Holds the SMTP session on a socket that is connected. */
  try_deliver_host_on_socket(mx: Mx, host: string, port: number, socket: RemoteSocket): void;
  /** Some recipients have been delivered; then the hook `delivered` is run. The last of the rest is whether there was a login. */
  delivered(
    ...given: [
      ip: string,
      port: number,
      mode: string,
      host: string,
      response: string,
      accepted: readonly Address[],
      ...rest: unknown[],
    ]
  ): void;
  temp_fail(reason: string, more?: object): void;
  /** Takes the answer of the hook `deferred`: unless it is CONT, or DENYSOFT with other seconds, the message is removed. */
  deferred_respond(code: number, seconds: unknown, params: Deferral): unknown;
  /** Removes the file, and is done. */
  discard(): void;
  bounce(reason: string): void;
  /** Whether this server has to offer TLS, with a certificate that is verified; kept in `force_tls` for the try. */
  get_force_tls(mx: Mx): boolean;
  force_tls: boolean;
  logprotocol(...data: unknown[]): void;
}

/** The recipients of one domain of a message that is queued: the header of their file, and the message. */
export interface QueuePiece {
  readonly domain: string;
  readonly uuid: string;
  readonly notes: unknown;
  readonly message_stream: { pipe(stream: Writable, options: { readonly dot_stuffed: boolean }): unknown };
}

/** A server of a domain; `from_dns` is its name where `exchange` is its address. */
export interface Mx {
  readonly exchange?: string;
  readonly from_dns?: string;
  readonly port?: number;
}

/** A recipient with what its server said to it. */
export type Tried = Address & { readonly reason?: string };

/** What the hook `deferred` is told. */
export interface Deferral {
  /** Seconds. */
  readonly delay: number;
  readonly err: unknown;
  /** Where only some recipients were deferred: those. */
  readonly fail_recips?: readonly Tried[];
  readonly mx?: Mx;
}

/** The socket to a server, in clear first: `cleartext` appears with STARTTLS, after `upgrade`. */
export interface RemoteSocket extends EventEmitter {
  readonly remoteAddress?: string;
  readonly cleartext?: TLSSocket;
  write(data: string | Buffer, encoding?: BufferEncoding, done?: (error?: Error) => void): boolean;
  /** `line` for each line that comes, `secureConnect` when the handshake has ended well. */
  emit(event: string, ...facts: unknown[]): boolean;
  upgrade(options: Readonly<Record<string, unknown>>, done: (...facts: unknown[]) => void): void;
  /** Whether it is encrypted, and the certificate of the server verified. */
  isSecure(): boolean;
  end(): void;
  destroy(): void;
}

/** What Haraka hands to a hook `log`. */
export interface LogItem {
  data: string;
}

/** Haraka's logger: makes a line of what is logged, runs the hooks `log` and, if they let it, prints. */
export interface Logger {
  format: unknown;
  readonly formats: Readonly<Record<string, unknown>>;
  /** What prints a line in the end. */
  log_respond(code: number, message: unknown, item: LogItem): unknown;
  /** A function that logs at `level`, as long as the level of the log allows `key`. */
  log_if_level(level: string, key: string): (...data: unknown[]) => unknown;
}

/** A hook as Haraka keeps it: the name of a plugin, and of a method of it. */
export interface RegisteredHook {
  readonly plugin: string;
  readonly method: string;
  priority: number;
}

export interface Plugin {
  readonly name: string;
  /** Seconds after which Haraka answers in place of a hook of this plugin; 0 for never. */
  timeout: number;
  /** Reads a file of config/; `null` when it is missing. */
  readonly config: { get(file: string): unknown };
  haraka_require<Name extends keyof HostModules>(name: Name): HostModules[Name];
  register_hook(hook: string, method: string, priority?: number): void;
  lognotice(...data: unknown[]): void;
  logwarn(...data: unknown[]): void;
  logerror(...data: unknown[]): void;
  logcrit(...data: unknown[]): void;
}

/** A worker of the cluster, as its primary sees it (node:cluster). */
export interface Worker {
  readonly id: number;
  send(message: object, done: (error: Error | null) => void): boolean;
  isConnected(): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  off(event: 'message' | 'exit', listener: (message: unknown) => void): unknown;
}

/** What Haraka's server holds when it has workers. */
export interface Cluster {
  readonly workers?: Readonly<Record<string, Worker | undefined>> | undefined;
  on(event: 'message', listener: (worker: Worker, message: unknown) => void): unknown;
}

/** The modules of the running Haraka that the plugins reach, by `plugin.haraka_require`. */
export interface HostModules {
  connection: {
    readonly cfg: {
      readonly max: { line_length: number };
      readonly headers: { readonly max_lines?: number; clean_auth_results?: boolean; show_version?: boolean };
    };
    readonly Connection: { readonly prototype: Connection; setupClient(connection: Connection): void };
    createConnection(client: object, server: object): Connection;
  };
  logger: Logger;
  outbound: {
    send_trans_email(transaction: Transaction, done: (code: number, message?: unknown) => void): void;
    send_email(
      from: string,
      to: string[],
      contents: string,
      done: (code: number, message?: unknown) => void,
      options?: object,
    ): void;
    /** Writes one file of a message into the queue, and adds it to those that are written. */
    process_delivery(paths: string[], piece: QueuePiece, messages: QueuedMessage[]): Promise<void>;
    /** Writes the header of a file of the queue, and says when it is time for the message. */
    build_todo(header: object, stream: Writable, done: () => void): void;
    readonly HMailItem: (new (file: string, path: string, notes?: unknown) => QueuedMessage) & {
      readonly prototype: QueuedMessage;
    };
    readonly delivery_queue: { push(message: QueuedMessage): void };
    readonly qfile: { name(parts?: { readonly uid: string }): string; readonly platformDOT: string };
    /** Loads the queue, where there are no workers. */
    init_queue(pid?: string): Promise<void>;
  };
  'package.json': { readonly version: string };
  plugins: {
    readonly registered_plugins: Record<
      string,
      { readonly base?: Readonly<Record<string, unknown>> } | undefined
    >;
    readonly registered_hooks: Record<string, RegisteredHook[] | undefined>;
    run_hooks(hook: string, object: object, params?: unknown): void;
  };
  transaction: { createTransaction(uuid: string | null, config: unknown): Transaction };
  server: {
    readonly listeners: readonly Listener[];
    readonly cluster?: Cluster;
    /** What plugins leave for each other. */
    readonly notes: Record<string, unknown>;
    /** Makes a listener, which does not listen yet. */
    get_smtp_server(endpoint: { readonly port: number }, timeout: number): Promise<Listener>;
  };
  tls_socket: {
    readonly certsByHost: Record<string, TlsOptions | undefined>;
    /** tls.ini as it was read last; absent until somebody reads it. */
    cfg?: TlsIni;
    /** Makes the options of a name what tls.ini says of it. */
    applySocketOpts(name: string): void;
    /** Loads what config/tls holds. */
    get_certs_dir(folder: string): Promise<unknown>;
    load_tls_ini(options?: { role?: string }): unknown;
    /** The options of a listener with TLS from the start, when it begins; the folder config/tls is read then. */
    getSocketOpts(name: string): Promise<TlsOptions>;
    /** Whether the certificates of our listeners may be shown to other servers, too. */
    tls_valid?: boolean | undefined;
    createServer(accept: (socket: ClientSocket & { upgrade(done: () => void): void }) => void): EventEmitter;
  };
  'outbound/client_pool': {
    /** Connects, and says with what or why not. */
    get_client(mx: Mx, done: (error: unknown, socket: RemoteSocket | null) => void): void;
  };
  'outbound/config': { readonly cfg: { enable_tls?: boolean | undefined } };
  'outbound/queue': {
    readonly queue_dir: string;
    /** At the start: removes what was being written. */
    delete_dot_files(): Promise<void>;
  };
}
