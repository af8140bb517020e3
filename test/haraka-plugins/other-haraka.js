// Makes Haraka another one than the patches expect, in each way that config/other-haraka names.
const os = require('node:os');
const connection = require('./connection');
const logger = require('./logger');
const outbound = require('./outbound');
const plugins = require('./plugins');
const tlsSocket = require('./tls_socket');
const transaction = require('./transaction');

const { prototype } = connection.Connection;
const message = transaction.Transaction.prototype;
const queued = outbound.HMailItem.prototype;

/** Replaces a method; the new one is told the old. */
function replace(object, name, make) {
  object[name] = make(object[name]);
}

function rename(object, name) {
  object[`${name}_2`] = object[name];
  delete object[name];
}

const ways = {
  'another-version': () => {
    require('./package.json').version = '3.4.0';
  },
  'process-line-renamed': () => rename(prototype, 'process_line'),
  'process-line-unused': () => {
    const own = prototype.process_line;
    replace(
      prototype,
      '_process_data',
      (original) =>
        function () {
          const shadow = this.process_line;
          this.process_line = own;
          original.call(this);
          this.process_line = shadow;
        },
    );
  },
  'process-data-renamed': () => rename(prototype, 'process_data'),
  'buffer-elsewhere': () => {
    replace(
      prototype,
      'process_data',
      (original) =>
        function (data) {
          const waiting = this.buffered ? Buffer.concat([this.buffered, data]) : data;
          this.buffered = null;
          original.call(this, waiting);
          this.buffered = this.current_data;
          this.current_data = null;
        },
    );
  },
  'line-length-fixed': () => {
    const limit = connection.cfg.max.line_length;
    replace(
      prototype,
      '_process_data',
      (original) =>
        function () {
          const raised = connection.cfg.max.line_length;
          connection.cfg.max.line_length = limit;
          original.call(this);
          connection.cfg.max.line_length = raised;
        },
    );
  },
  'line-length-read-only': () => {
    Object.defineProperty(connection.cfg.max, 'line_length', { writable: false });
  },
  'host-asked-otherwise': () => {
    const { hostname } = os;
    replace(
      prototype,
      'respond',
      (original) =>
        function (...args) {
          const other = os.hostname;
          os.hostname = hostname;
          original.apply(this, args);
          os.hostname = other;
        },
    );
  },
  'client-set-up-fixed': () => {
    Object.defineProperty(connection.Connection, 'setupClient', { writable: false });
  },
  'version-shown-elsewhere': () =>
    replace(connection, 'createConnection', (create) => (...args) => {
      const made = create(...args);
      made.local.info += ' by others';
      return made;
    }),
  'spooling-renamed': () =>
    replace(transaction, 'createTransaction', (create) => (...args) => {
      const made = create(...args);
      rename(made.message_stream, 'spooling');
      return made;
    }),
  'create-transaction-renamed': () => rename(transaction, 'createTransaction'),
  'header-lines-renamed': () => {
    replace(transaction, 'createTransaction', (original) => (...args) => {
      const created = original(...args);
      Object.defineProperty(created, 'header_lines', { value: undefined });
      return created;
    });
  },
  'header-parsed-elsewhere': () => {
    replace(transaction, 'createTransaction', (create) => (...args) => {
      const made = create(...args);
      const parse = made.header.parse.bind(made.header);
      Object.defineProperty(made.header, 'parse', { get: () => parse, set: () => undefined });
      return made;
    });
  },
  'challenges-in-two-writes': () => {
    replace(
      prototype,
      'respond',
      (original) =>
        function (code, text, done) {
          const { client } = this;
          if (code !== 334 || !client.write) return original.call(this, code, text, done);
          const write = client.write.bind(client);
          client.write = (line) => {
            delete client.write;
            write(line.slice(0, 4));
            return write(line.slice(4));
          };
          original.call(this, code, text, done);
        },
    );
  },
  'results-removed-one-by-one': () => {
    replace(
      prototype,
      'data_post_respond',
      (original) =>
        function (...args) {
          const { header } = this.transaction;
          const own = this.transaction.remove_header;
          this.transaction.remove_header = (name) => header.remove(name);
          original.apply(this, args);
          if (this.transaction) this.transaction.remove_header = own;
        },
    );
  },
  'lines-unstuffed': () => {
    replace(
      message,
      'add_data',
      (original) =>
        function (line) {
          const { message_stream: stream } = this;
          const unstuffed = Object.create(stream, {
            add_line: { value: (each) => stream.add_line(each[0] === 0x2e ? each.subarray(1) : each) },
          });
          this.message_stream = unstuffed;
          original.call(this, line);
          this.message_stream = stream;
        },
    );
  },
  'skip-list-elsewhere': () => {
    replace(plugins, 'run_next_hook', (original) => (hook, object, params) => {
      const skipped = object.transaction?.notes.skip_plugins;
      if (Array.isArray(skipped)) {
        object.hooks_to_run = object.hooks_to_run.filter(
          ([plugin]) => !skipped.some((name) => name === plugin.name),
        );
      }
      original(hook, object, params);
    });
  },
  'proxy-always-allowed': () => {
    replace(
      prototype,
      'cmd_proxy',
      (original) =>
        function (line) {
          this.proxy.allowed = true;
          original.call(this, line);
        },
    );
  },
  'log-line-of-another-form': () => {
    replace(
      logger,
      'log',
      (original) => (level, data, object) => original(level, data.replace(/core/, 'haraka'), object),
    );
  },
  'log-item-of-another-form': () => {
    replace(plugins, 'run_hooks', (original) => (hook, object, item) => {
      if (hook !== 'log') return original(hook, object, item);
      return original(
        hook,
        { log_respond: (code, text) => object.log_respond(code, text, item) },
        { text: item.data },
      );
    });
  },
  'deny-parameters-of-another-form': () => {
    replace(
      plugins,
      'run_hooks',
      (original) => (hook, object, params) =>
        original(hook, object, hook === 'deny' ? [{ code: params[0], plugin: params[2] }] : params),
    );
  },
  'mail-unchangeable': () => {
    Object.defineProperty(prototype, 'cmd_mail', { writable: false });
  },
  'mail-not-answered': () => {
    replace(
      prototype,
      'cmd_mail',
      (original) =>
        function (line) {
          const { port } = this.local;
          this.local.port = 25;
          original.call(this, line);
          this.local.port = port;
        },
    );
  },
  'certs-by-host-renamed': () => rename(tlsSocket, 'certsByHost'),
  'certs-by-host-a-copy': () => {
    const own = tlsSocket.certsByHost;
    Object.defineProperty(tlsSocket, 'certsByHost', {
      get: () => ({ ...own, '*': own['*'] && { ...own['*'] } }),
    });
  },
  'load-tls-ini-renamed': () => {
    const load = tlsSocket.load_tls_ini;
    Object.defineProperty(tlsSocket, 'load_tls_ini', { get: () => load, set: undefined });
  },
  'get-certs-dir-renamed': () => {
    const load = tlsSocket.get_certs_dir;
    Object.defineProperty(tlsSocket, 'get_certs_dir', { get: () => load, set: undefined });
  },
  'cleartext-elsewhere': () => {
    replace(
      tlsSocket,
      'createServer',
      (original) => (accept) =>
        original((socket) => {
          Object.defineProperty(socket, 'cleartext', { get: () => undefined, set: () => undefined });
          accept(socket);
        }),
    );
  },
  'hooks-not-cancelled': () => {
    replace(plugins, 'run_hooks', (original) => (hook, object, params) => {
      if (hook === 'reset_transaction') object.current_hook = null;
      original(hook, object, params);
    });
  },
  'spf-words-differ': () => {
    const { SPF } = require('haraka-plugin-spf/lib/spf');
    SPF.prototype.result = (code) => `result ${code}`;
  },
  'spf-checked-elsewhere': () => {
    const library = require('haraka-plugin-spf/lib/spf');
    replace(
      library,
      'SPF',
      (original) =>
        class extends original {
          constructor() {
            super();
            this.check_host = async () => 1;
          }
        },
    );
  },
  'get-mx-answer-renamed': () => rename(queued, 'get_mx_respond'),
  'header-awaited-otherwise': () => {
    replace(
      queued,
      'send',
      (original) =>
        function () {
          if (this.todo) return original.call(this);
          this.on('ready', () => this._send());
        },
    );
  },
  'get-mx-answered-elsewhere': () => {
    const own = queued.get_mx_respond;
    replace(plugins, 'run_hooks', (original) => (hook, object, params) => {
      if (hook === 'get_mx') object.get_mx_respond = own;
      original(hook, object, params);
    });
  },
  'forced-tls-fixed': () => {
    Object.defineProperty(queued, 'get_force_tls', { writable: false });
  },
  'sockets-as-they-were': () => {
    replace(
      queued,
      'try_deliver_host_on_socket',
      (original) =>
        function (mx, host, port, socket) {
          socket.emit = Object.getPrototypeOf(socket).emit;
          original.call(this, mx, host, port, socket);
        },
    );
  },
  'process-delivery-renamed': () => rename(outbound, 'process_delivery'),
  'queue-header-of-another-form': () => {
    outbound.build_todo = (todo, stream, done) => {
      stream.write(Buffer.from(`0000${todo.uuid}`));
      done();
    };
  },
  'bounce-text-renamed': () => rename(queued, 'populate_bounce_message'),
  'bounces-whole': () => {
    replace(
      queued,
      'populate_bounce_message',
      (populate) =>
        function (from, to, reason, done) {
          populate.call(this, from, to, reason, (error, lines) => {
            const whole = [];
            const stream = this.data_stream();
            stream.on('data', (octets) => whole.push(String(octets)));
            stream.on('end', () => done(error, [...lines, ...whole]));
          });
        },
    );
  },
  'bounces-sent-later': () => {
    replace(
      outbound,
      'send_email',
      (send) =>
        (...args) =>
          setImmediate(() => send.apply(outbound, args)),
    );
  },
  'delivered-told-otherwise': () => {
    const { delivered } = queued;
    Object.defineProperty(queued, 'delivered', { get: () => delivered, set: () => undefined });
  },
  'received-of-another-form': () => {
    replace(
      prototype,
      'received_line',
      (original) =>
        function () {
          return original.call(this).replace(/\r\n\t/g, '\r\n        ');
        },
    );
  },
  'delivery-queue-elsewhere': () => rename(outbound, 'delivery_queue'),
  'timeout-fixed': () => {
    Object.defineProperty(plugins.Plugin.prototype, 'timeout', { get: () => 2, set: () => undefined });
  },
};

exports.register = function () {
  for (const way of this.config.get('other-haraka', 'list')) ways[way]();
};
