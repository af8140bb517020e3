import { definePatch, expect } from '../patch.ts';
import type { Address, Plugin } from '../types.ts';
import { throwAwayMessage } from './bounces-known.ts';

/** Of a message that must not be read on its way the sender is told nothing that has to stay secret, either. */
export const bouncesHeaderOnly = definePatch({
  name: 'bounces-header-only',
  reaches: 'what `populate_bounce_message` of messages in the queue makes of a message',
  why: 'No hook sees the text of a bounce; that of a message with REQUIRETLS has its header alone (RFC 8689 §5).',
  fallback: 'REQUIRETLS is not offered',
  selfTest(plugin) {
    const bounce = bounceOf(plugin, `${field}\r\nTo: nobody@invalid\r\n\r\n${secret}\r\n.${secret}\r\n`);
    expect('a bounce to have the header of the message', bounce.includes(field));
    expect('it to have nothing of the body', !bounce.includes(secret));
  },
});

const field = 'Subject: throw-away-header';
const secret = 'throw-away-body';

function bounceOf(plugin: Plugin, text: string): string {
  const stream = {
    on(event: string, listener: (octets?: Buffer) => void) {
      if (event === 'data') listener(Buffer.from(text));
      if (event === 'end') listener();
    },
  };
  const message = Object.assign(throwAwayMessage(plugin), { data_stream: () => stream });
  const nobody = { format: () => '<>' } as Address;
  let bounce = '';
  message.populate_bounce_message(nobody, nobody, 'throw-away', (_error, lines = []) => {
    bounce = lines.join('');
  });
  return bounce;
}
