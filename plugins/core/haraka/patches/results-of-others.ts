import constants from 'haraka-constants';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection, withHooks } from '../throw-away.ts';
import type { Connection, Header, Plugin, Transaction } from '../types.ts';

const field = 'Authentication-Results';

/**
 * Where `clean_auth_results` is off, the fields of others stay where they are when Haraka puts in what it found itself:
 * others may have signed them.
 */
export const resultsOfOthers = definePatch({
  name: 'results-of-others',
  reaches: '`data_post_respond` of connections, and `remove_header` of a transaction',
  why: 'Haraka removes every Authentication-Results field where it has results itself, whatever clean_auth_results says.',
  fallback: 'where clean_auth_results is off, Authentication-Results fields of others do not leave',
  install: (plugin) => {
    const { cfg, Connection } = plugin.haraka_require('connection');
    return replaceMethod(
      Connection.prototype,
      'data_post_respond',
      (respond) =>
        function (this: Connection, code, message) {
          const { transaction } = this;
          const isKept = cfg.headers.clean_auth_results === false;
          if (transaction && isKept && this.auth_results() !== '') shieldOnce(this, transaction);
          respond.call(this, code, message);
        },
    );
  },
  selfTest(plugin) {
    const { cfg } = plugin.haraka_require('connection');
    const before = cfg.headers.clean_auth_results;
    try {
      cfg.headers.clean_auth_results = false;
      const left = answered(plugin, [`${field}: other.example; none`, 'To: x', '']);
      expect('the results of others to stay', left.at(-2) === `${field}: other.example; none\n`);
      expect('results of this host to stand above', left[0]?.includes('probe=pass') === true);
      expect('them to stand there once', left.filter((each) => each.includes('probe=pass')).length === 1);
    } finally {
      Object.assign(cfg.headers, { clean_auth_results: before });
    }
  },
});

/** The next time that the field is removed, which Haraka does first of all, only what this host put in goes. */
function shieldOnce({ local: { host } }: Connection, transaction: Transaction): void {
  const { header } = transaction;
  const remove = transaction.remove_header.bind(transaction);
  transaction.remove_header = (name) => {
    transaction.remove_header = remove;
    if (name === field) removeOwn(header, `${host};`);
    else remove(name);
  };
}

/** What a client said in the name of this host is not there any more: trace-fields. */
function removeOwn({ header_list: list, headers, headers_decoded: decoded }: Header, begin: string): void {
  const others = list.filter((entry) => !entry.startsWith(`${field}: ${begin}`));
  // The stream of the message holds the same list.
  list.splice(0, list.length, ...others);
  const key = field.toLowerCase();
  const isOther = (headers[key] ?? []).map((value) => !value.startsWith(begin));
  for (const values of [headers, decoded]) values[key] = values[key]?.filter((_, index) => isOther[index]);
}

/** The header of a message of these lines when its queue hooks begin. */
function answered(plugin: Plugin, lines: readonly string[]): readonly string[] {
  const { connection } = throwAwayConnection(plugin);
  let left: readonly string[] = [];
  withHooks(plugin, { queue: [], queue_outbound: [], reset_transaction: [] }, () => {
    connection.init_transaction(() => undefined);
    const { transaction } = connection;
    if (!transaction) return;
    for (const line of lines) transaction.add_data(Buffer.from(`${line}\r\n`));
    connection.auth_results('probe=pass');
    connection.data_post_respond(constants.cont);
    left = [...transaction.message_stream.headers];
  });
  return left;
}
