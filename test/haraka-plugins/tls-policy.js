// Puts another TLS policy in force at run time, as a client asks for it by its EHLO name:
// policy.TLSV1_3.CIPHERS.example, where an underscore stands for a dot in the version.
const { prepareHandshakes } = require('haraka-plugin-gatekeeper/core/haraka/patches/tls-context.js');

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
