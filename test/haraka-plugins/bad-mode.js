// Checks of an integrator whose mode cannot be read: they always pass, but nobody can know whether they count.
const { join } = require('node:path');

// What no integrator can import: these are of stages that are the gateway's own.
const root = join(process.env.HARAKA, 'node_modules/haraka-plugin-gatekeeper');
const core = (file) => require(join(root, 'core', file));

const { defineCheck } = core('haraka/checks/check.js');
const { install } = core('haraka/checks/installed.js');
const { start } = core('haraka/startup.js');

exports.register = function () {
  start(this);
  const mode = (policy) => policy.no_such_section.mode;
  install(this, [
    defineCheck({
      name: 'bad-mode/accept',
      stage: 'accept',
      mode,
      decide: () => ({ kind: 'refuse', reason: 'relay-denied' }),
    }),
  ]);
};
