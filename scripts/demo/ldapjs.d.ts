// The little of ldapjs that the embedded directory uses; the package brings no types.
declare module 'ldapjs' {
  import type { Server as NetServer, Socket } from 'node:net';

  export interface DN {
    toString(): string;
    parent(): DN | undefined;
  }

  export interface Connection extends Socket {
    ldap: { bindDN: DN };
    parser: { write(data: Buffer): boolean };
  }

  export interface Request {
    readonly connection: Connection;
  }

  export interface BindRequest extends Request {
    readonly name: string;
    readonly credentials: string;
  }

  export interface SearchRequest extends Request {
    readonly messageId: number;
    readonly baseObject: DN;
    readonly scope: number;
    readonly sizeLimit: number;
    readonly typesOnly: boolean;
    readonly filter: unknown;
    readonly attributes: readonly string[];
  }

  export interface Response {
    errorMessage: string;
    end(status?: number): void;
  }

  export interface SearchResponse extends Response {
    send(entry: SearchEntry): void;
  }

  export interface Attribute {
    readonly type: string;
    readonly values: readonly string[];
  }

  export interface SearchEntry {
    readonly objectName: DN;
  }

  export interface BerReader {
    peek(): number | null;
    readRawBuffer(tag: number | null): Buffer;
  }

  export interface Server extends NodeJS.EventEmitter {
    readonly server: NetServer;
    bind(dn: string, handler: (req: BindRequest, res: Response, next: () => void) => void): void;
    search(dn: string, handler: (req: SearchRequest, res: SearchResponse, next: () => void) => void): void;
    listen(port: number, host: string, callback: () => void): void;
  }

  /** `module.exports` of a CommonJS package whose names Node cannot see: hence a default import. */
  const ldapjs: {
    createServer(options: { certificate?: string; key?: string }): Server;
    DN: { fromString(text: string): DN };
    SearchEntry: new (options: {
      messageId: number;
      objectName: string;
      attributes: readonly Attribute[];
    }) => SearchEntry;
    BindRequest: { parseToPojo(ber: BerReader): object };
    SearchRequest: { parseToPojo(ber: BerReader): object };
  };
  export default ldapjs;
}
