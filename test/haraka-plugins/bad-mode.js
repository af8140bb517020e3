// Checks of an integrator whose mode cannot be read: they always pass, but nobody can know whether they count.
const { defineCheck } = require('haraka-plugin-gatekeeper/core/haraka/checks/check.js');
const { install } = require('haraka-plugin-gatekeeper/core/haraka/checks/installed.js');
const { start } = require('haraka-plugin-gatekeeper/core/haraka/startup.js');

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
