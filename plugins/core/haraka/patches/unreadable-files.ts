import { definePatch, expect, replaceMethod } from '../patch.ts';
import type { Plugin, QueuedMessage } from '../types.ts';

type Visitor = (message: QueuedMessage) => Promise<void>;

/** Messages whose header is being read, and those that have none which can be. */
const reading = new WeakSet<QueuedMessage>();
const givenUp = new WeakSet<QueuedMessage>();

/** Frees the place in the queue of a file whose header cannot be read, once `visit` has done with it. */
export const unreadableFiles = definePatch({
  name: 'unreadable-files',
  reaches: '`size_file`, `read_todo`, `temp_fail` and `send` of messages in the queue',
  why: 'Haraka waits for ever for a header that cannot be read: such a file takes a place of `concurrency_max`, and with temp_fail_intervals=none it ends Haraka.',
  fallback: 'a file whose header cannot be read stays in the queue, and takes a place in it',
  install(plugin, visit: Visitor) {
    const { prototype } = plugin.haraka_require('outbound').HMailItem;
    const restore = [
      replaceMethod(
        prototype,
        'size_file',
        (size) =>
          async function (this: QueuedMessage) {
            await size.call(this);
            if (this.file_size === 0) await giveUp(this, visit);
          },
      ),
      replaceMethod(
        prototype,
        'read_todo',
        (read) =>
          async function (this: QueuedMessage) {
            reading.add(this);
            // Before whoever waits for it: what Haraka splits off fails at once, for other reasons.
            this.prependOnceListener('ready', () => reading.delete(this));
            await read.call(this);
            if (reading.delete(this)) await giveUp(this, visit);
          },
      ),
      replaceMethod(
        prototype,
        'temp_fail',
        (fail) =>
          function (this: QueuedMessage, ...why) {
            // There is nobody to tell, and no recipient to try again.
            if (!reading.has(this)) fail.apply(this, why);
          },
      ),
      replaceMethod(
        prototype,
        'send',
        (send) =>
          function (this: QueuedMessage) {
            if (givenUp.has(this)) this.next_cb();
            else send.call(this);
          },
      ),
    ];
    return () => restore.forEach((undo) => undo());
  },
  selfTest(plugin) {
    expect('a message to wait for its header', awaitedBy(plugin) === 'ready');
  },
});

async function giveUp(message: QueuedMessage, visit: Visitor): Promise<void> {
  givenUp.add(message);
  await visit(message);
  // Whoever waits for it: the queue that is loaded, and that of deliveries.
  if (message.listenerCount('error') > 0) message.emit('error', 'its header cannot be read');
  message.next_cb();
}

/** What a message without a header waits for before it is sent. */
function awaitedBy(plugin: Plugin): string | undefined {
  let awaited: string | undefined;
  const message = Object.create(plugin.haraka_require('outbound').HMailItem.prototype) as QueuedMessage;
  const once = (event: string) => {
    awaited = event;
  };
  Object.assign(message, { todo: null, once });
  message.send();
  return awaited;
}
