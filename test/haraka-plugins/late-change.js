// Changes the settings while Haraka starts: a deployment that is a moment too late.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

exports.register = function () {
  if (process.env.CLUSTER_MASTER_PID) return;
  const file = join(process.env.HARAKA, 'config/gatekeeper.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^help_text: .*$/m, 'help_text: Late'));
};
