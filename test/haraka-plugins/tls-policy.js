// Puts another TLS policy in force at run time, as a client asks for it by its EHLO name:
// policy.TLSV1_3.CIPHERS.example, where an underscore stands for a dot in the version.
const { join } = require('node:path');

// What no integrator can import: these are of stages that are the gateway's own.
const root = join(process.env.HARAKA, 'node_modules/haraka-plugin-gatekeeper');
const core = (file) => require(join(root, 'core', file));

const { prepareHandshakes } = core('haraka/patches/tls-context.js');

exports.hook_ehlo = function (next, connection, name) {
  const [, version, ciphers] = /^policy\.([^.]+)\.([^.]+)\.example$/.exec(name) || [];
  if (!version) return next();
  try {
    const policy = { minVersion: version.replace('_', '.'), ciphers };
    const handshakes = { at: () => policy, all: [policy], isCertificateWanted: () => false };
    prepareHandshakes(this, handshakes)();
    next();
  } catch (error) {
    next(DENY, `the policy cannot be kept: ${error.message}`);
  }
};
