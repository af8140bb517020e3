// Puts another TLS policy in force at run time, as a client asks for it by its EHLO name:
// policy.TLSV1_3.CIPHERS.example, where an underscore stands for a dot in the version.
const { prepareHandshakePolicy } = require('haraka-plugin-gatekeeper/core/haraka/patches/tls-context.js');

exports.hook_ehlo = function (next, connection, name) {
  const [, version, ciphers] = /^policy\.([^.]+)\.([^.]+)\.example$/.exec(name) || [];
  if (!version) return next();
  try {
    prepareHandshakePolicy(this, { minVersion: version.replace('_', '.'), ciphers })();
    next();
  } catch (error) {
    next(DENY, `the policy cannot be kept: ${error.message}`);
  }
};
