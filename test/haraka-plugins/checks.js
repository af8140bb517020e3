// Checks of an integrator, some of them bad; the sub-address of the sender says which: alice+STAGE.HOW@corp.example.
const { join } = require('node:path');

// What no integrator can import: these are of stages that are the gateway's own.
const root = join(process.env.HARAKA, 'node_modules/haraka-plugin-gatekeeper');
const core = (file) => require(join(root, 'core', file));

const { defineCheck } = core('haraka/checks/check.js');
const { install } = core('haraka/checks/installed.js');
const { start } = core('haraka/startup.js');

const pass = { kind: 'pass' };

const ways = {
  throws: () => {
    throw new Error('on purpose');
  },
  'throws-nothing': () => {
    throw undefined;
  },
  rejects: () => Promise.reject(new Error('on purpose')),
  'rejects-nothing': () => Promise.reject(),
  hangs: () => new Promise(() => undefined),
  late: () => new Promise((resolve) => setTimeout(resolve, 4000, pass)),
  'takes-its-time': () => new Promise((resolve) => setTimeout(resolve, 50, pass)),
  nothing: () => undefined,
  'says-true': () => true,
  'resolves-nothing': () => Promise.resolve(),
  // Nothing first, then a pass: the first answer counts, and there is one reply.
  twice: () => ({
    then: (resolve) => {
      resolve();
      resolve(pass);
    },
  }),
  'pass-then-refuse': () => ({
    then: (resolve, reject) => {
      resolve(pass);
      resolve({ kind: 'refuse', reason: 'relay-denied' });
      reject(new Error('on purpose'));
    },
  }),
  'throwing-thenable': () => ({
    then: () => {
      throw new Error('on purpose');
    },
  }),
  'throwing-getter': () => ({
    get then() {
      throw new Error('on purpose');
    },
  }),
  'unknown-kind': () => ({ kind: 'accept' }),
  'unknown-reason': () => ({ kind: 'refuse', reason: 'because' }),
  'unknown-reason-later': () => Promise.resolve({ kind: 'refuse', reason: 'because' }),
  'no-reason': () => ({ kind: 'defer' }),
  'odd-detail': () => ({ kind: 'refuse', reason: 'relay-denied', detail: { toJSON: () => undefined } }),
  'kind-getter': () => ({
    get kind() {
      throw new Error('on purpose');
    },
  }),
  refuses: () => ({ kind: 'refuse', reason: 'relay-denied', detail: 'on purpose' }),
};

function decide(stage) {
  return ({ sender }) => {
    const [, at, how] = /\+([a-z]+)\.([a-z-]+)@/.exec(sender.text) || [];
    return at === stage ? ways[how]() : pass;
  };
}

/** The gate, which would decide before these. */
const ours = {
  unclaimed: ['outbound/relay'],
  accept: ['outbound/accept'],
  queue: ['outbound/inbound'],
  gate: ['outbound/gate'],
};

exports.register = function () {
  start(this);
  const stages = ['mail', 'rcpt', 'unclaimed', 'message', 'accept', 'queue', 'outbound', 'gate'];
  install(
    this,
    stages.map((stage) =>
      defineCheck({ name: `checks/${stage}`, stage, before: ours[stage], decide: decide(stage) }),
    ),
  );
};
