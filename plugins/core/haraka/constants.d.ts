declare module 'haraka-constants' {
  interface Constants {
    readonly cont: number;
    readonly stop: number;
    readonly deny: number;
    readonly denysoft: number;
    readonly denydisconnect: number;
    readonly denysoftdisconnect: number;
    readonly ok: number;
    readonly delay: number;
    readonly connection: {
      readonly state: {
        readonly CMD: number;
        readonly LOOP: number;
        readonly DATA: number;
        readonly PAUSE: number;
        readonly PAUSE_SMTP: number;
        readonly PAUSE_DATA: number;
        readonly DISCONNECTING: number;
        readonly DISCONNECTED: number;
      };
    };
  }
  const constants: Constants;
  export default constants;
}

declare module 'haraka-dsn' {
  /** A reply with an enhanced status code; Haraka recognises it by the name of its class. */
  class DSN {
    readonly code: string;
    readonly reply: string;
    static create(code: string, text: string, subject: number, detail: number): DSN;
  }
  export default DSN;
}
