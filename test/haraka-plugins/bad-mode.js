// Checks of an integrator whose mode cannot be read: they always pass, but nobody can know whether they count.
const { dirname, join } = require('node:path');

// What no integrator can import: these are of stages that are the gateway's own.
const root = dirname(require.resolve('haraka-plugin-gatekeeper/package.json'));
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
