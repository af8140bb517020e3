import type { MessageFacts } from '../../plugins/core/haraka/facts/message.ts';
import { parseMailbox } from '../../plugins/core/mailbox.ts';

export interface Said {
  readonly address?: string;
  readonly peer?: NonNullable<MessageFacts['client']['peer']>;
  readonly helo?: string;
  readonly sender?: string;
  /** Lines without their ends. */
  readonly header?: string;
  readonly isHeaderWhole?: boolean;
  readonly identity?: NonNullable<MessageFacts['identity']>;
  readonly dkim?: Partial<MessageFacts['dkim']>;
  readonly tenancy?: NonNullable<MessageFacts['client']['tenancy']>;
  readonly provisional?: number;
  readonly proveTenant?: MessageFacts['proveTenant'];
}

/** The facts of a message that somebody brings to the MX, all of them ordinary where nothing is said. */
export function messageFacts(said: Said = {}): MessageFacts {
  const { address = '198.51.100.5', peer, helo = 'mx.partner.example', identity } = said;
  const { sender = 'friend@partner.example', header = '', isHeaderWhole = true, dkim } = said;
  const { tenancy } = said;
  const mailbox = parseMailbox(sender);
  return {
    client: { address, ...(peer && { peer }), ...(tenancy && { tenancy }) },
    listener: { port: 25, role: 'mx' },
    helo,
    ...(identity && { identity }),
    sender: { text: sender, isNull: sender === '', ...(mailbox && { mailbox }) },
    once: (_name, make) => make(),
    receiver: 'gw.corp.example',
    publish: () => undefined,
    headerLines: header.split('\n').map((line) => `${line}\n`),
    isHeaderWhole,
    isSmtpUtf8: false,
    dkim: { good: [], unknown: [], ...dkim },
    ...whatItIsFor(said),
  };
}

function whatItIsFor({ provisional = 0, proveTenant = () => undefined }: Said) {
  return { recipients: [], provisional, proveTenant, certificate: () => undefined };
}
