// A plain Haraka plugin that keeps the session of a client before its message is queued, and with all that is known of it
// judges, queues and lets go as many messages like it as it is asked to.
'use strict';

const { Address } = require('@haraka/email-address');
const { randomUUID } = require('node:crypto');
const { performance } = require('node:perf_hooks');

const own = 'gatekeeper/outbound';
const measured = ['mail', 'rcpt', 'data_post', 'queue_outbound'];

const patienceMs = 10_000;

exports.register = function () {
  this.register_hook('queue_outbound', 'keep', -1000);
};

/** Never answers. */
exports.keep = function (_next, connection) {
  connection.client.setTimeout(0);
  const outbound = this.haraka_require('outbound');
  const waiting = [];
  // Nothing leaves by itself.
  outbound.delivery_queue.push = (message) => waiting.push(message);
  const scene = { plugin: this, connection, outbound, waiting, model: connection.transaction };
  process.on('message', (request) => {
    void turn(scene, request).then((answer) => process.send(answer));
  });
  process.send('ready');
};

async function turn(scene, { messages, lines }) {
  const late = setTimeout(
    () => {
      throw new Error('a message was not let through');
    },
    patienceMs + messages * 100,
  );
  const transactions = [];
  scene.hooks = 0;
  for (let count = 0; count < messages; count += 1) transactions.push(await prepared(scene, lines));
  const checks = await spent(transactions, async (each) => {
    scene.hooks += await runHooks(scene, each, isMeasured);
  });
  const queue = await spent(transactions, (each) => queued(scene, each));
  const leaving = scene.waiting.splice(0);
  for (const message of leaving) await isRead(message);
  const delivery = await spent(leaving, letGo);
  for (const message of leaving) message.discard();
  clearTimeout(late);
  return { hooks: scene.hooks / messages, checks, queue, delivery };
}

/** Microseconds for one of them: CPU time of this process, and by the clock in the middle of all. */
async function spent(all, work) {
  const clocks = [];
  const before = process.cpuUsage();
  for (const each of all) {
    const start = performance.now();
    await work(each);
    clocks.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  clocks.sort((a, b) => a - b);
  return { cpu: (user + system) / all.length, clock: clocks[clocks.length >> 1] * 1000 };
}

/** A message like that of the client, of which all checks but those of gatekeeper/outbound have had their say. */
async function prepared(scene, lines) {
  const { plugin, connection, model } = scene;
  const create = plugin.haraka_require('transaction').createTransaction;
  const transaction = create(randomUUID().toUpperCase(), model.cfg);
  transaction.results = new model.results.constructor(connection);
  transaction.mail_from = new Address(model.mail_from.original);
  transaction.rcpt_to = model.rcpt_to.map(({ original }) => new Address(original));
  for (const line of lines) transaction.add_data(Buffer.from(`${line}\r\n`));
  await new Promise((resolve) => transaction.end_data(resolve));
  await runHooks(scene, transaction, (hook) => hook.plugin !== own);
  return transaction;
}

/** All of ours but the last, which would queue the message. */
function isMeasured({ plugin, method }) {
  return plugin === own && method !== 'gatekeeper_queue';
}

/** Gives how many there were. */
async function runHooks({ plugin, connection }, transaction, isMeant) {
  const { registered_hooks: hooks, registered_plugins: plugins } = plugin.haraka_require('plugins');
  connection.transaction = transaction;
  let count = 0;
  for (const name of measured) {
    for (const hook of (hooks[name] ?? []).filter(isMeant)) {
      if (hook.plugin === plugin.name) continue;
      const params = { mail: [transaction.mail_from, {}], rcpt: [transaction.rcpt_to[0], {}] }[name];
      await new Promise((next) => plugins[hook.plugin][hook.method](next, connection, params));
      count += 1;
    }
  }
  return count;
}

function queued({ outbound }, transaction) {
  return new Promise((resolve) => outbound.send_trans_email(transaction, resolve));
}

function isRead(message) {
  return new Promise((resolve) => (message.todo ? resolve() : message.once('ready', resolve)));
}

function letGo(message) {
  return new Promise((resolve) => {
    message.found_mx = resolve;
    message.get_mx_respond(OK, { priority: 0, exchange: '127.0.0.1', port: 25 });
  });
}
