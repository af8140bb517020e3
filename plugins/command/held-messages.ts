import { outgoingOf, readMessage, type QueueFile } from '../core/provenance/queue-file.ts';
import { sinceOf, type HeldMessage } from '../core/trail/held-messages.ts';
import { table, type Fact } from './output.ts';

/** So much of a message is looked through for its header. */
const mostOctets = 256 * 1024;

/** With the lines of its header; of its body nothing is shown. */
export async function readHeld(
  message: HeldMessage,
): Promise<{ readonly message: HeldMessage; readonly header: readonly string[] }> {
  const { path, file } = message;
  if (typeof file === 'string') return { message, header: [] };
  const text = await readMessage(path, file, mostOctets);
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf('');
  return { message, header: end < 0 ? lines : lines.slice(0, end) };
}

export function heldTable(messages: readonly HeldMessage[]): string[] {
  const rows = messages.map((message) => {
    const { sender, recipients } = partiesOf(message);
    const [first = '-', ...others] = recipients;
    const to = others.length > 0 ? `${first} and ${others.length} more` : first;
    return [message.name, sinceOf(message), reasonOf(message), `<${sender}>`, to];
  });
  return table([['id', 'since', 'reason', 'from', 'to'], ...rows]);
}

export function heldFacts(message: HeldMessage): Fact[] {
  const { name, path, note, file } = message;
  const { sender, recipients } = partiesOf(message);
  const read = typeof file === 'string' ? undefined : file;
  return [
    ['id', name],
    ['message', typeof file === 'string' ? `(${file})` : file.header.uuid],
    ['why', note && message.state === 'held' ? `${note.reason}: ${note.detail}` : reasonOf(message)],
    ['since', sinceOf(message)],
    ['queued', read ? new Date(read.header.queue_time).toISOString() : '-'],
    ['from', `<${sender}>`],
    ['to', recipients.length > 0 ? recipients : '-'],
    ['size', read ? `${read.size - read.start} octets` : '-'],
    ['file', path],
  ];
}

export function heldJson(message: HeldMessage): Readonly<Record<string, unknown>> {
  const { name: id, state, path, note, file } = message;
  const read = typeof file === 'string' ? { unreadable: file } : partsOf(file);
  return { id, state, ...note, since: sinceOf(message), ...read, ...partiesOf(message), file: path };
}

function partsOf({ header, start, size }: QueueFile) {
  return { message: header.uuid, queued: new Date(header.queue_time).toISOString(), size: size - start };
}

function partiesOf({ file }: HeldMessage): {
  readonly sender: string;
  readonly recipients: readonly string[];
} {
  if (typeof file === 'string') return { sender: '', recipients: [] };
  const { sender, recipients } = outgoingOf(file.header);
  return { sender: sender[0], recipients: recipients.map(([form]) => form) };
}

function reasonOf({ state, note, file }: HeldMessage): string {
  if (state === 'released') return 'released, waits for Haraka';
  return note?.reason ?? (typeof file === 'string' ? 'unreadable' : '-');
}
