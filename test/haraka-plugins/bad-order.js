// Checks whose order cannot be meant, in the way that config/bad-order names.
const { defineCheck, install, pass } = require('haraka-plugin-gatekeeper');

const check = (name, more = {}) => defineCheck({ name, stage: 'mail', decide: () => pass, ...more });

const ways = {
  unknown: () => [check('bad/one', { after: ['bad/nobody'] })],
  elsewhere: () => [check('bad/one', { after: ['sender/header'] })],
  circle: () => [check('bad/one', { after: ['bad/two'] }), check('bad/two', { after: ['bad/one'] })],
  twice: () => [check('bad/one'), check('bad/one')],
  stages: () => [check('bad/one'), check('bad/one', { stage: 'rcpt' })],
  itself: () => [check('bad/one', { before: ['bad/one'] })],
  ours: () => [check('bad/one', { after: ['sender/spf'], before: ['outbound/requiretls'] })],
  none: () => [],
};

exports.register = function () {
  install(this, { checks: ways[this.config.get('bad-order').trim()]() });
};
