// Checks whose order cannot be meant, in the ways that config/bad-order names.
const { defineCheck, install, pass } = require('haraka-plugin-gatekeeper');

const check = (name, more = {}) => defineCheck({ name, stage: 'mail', decide: () => pass, ...more });

const ways = {
  unknown: () => [check('bad/unknown', { after: ['bad/nobody'] })],
  elsewhere: () => [check('bad/elsewhere', { after: ['sender/header'] })],
  circle: () => [check('bad/one', { after: ['bad/two'] }), check('bad/two', { after: ['bad/one'] })],
  twice: () => [check('bad/twice'), check('bad/twice')],
  stages: () => [check('bad/stages'), check('bad/stages', { stage: 'rcpt' })],
  itself: () => [check('bad/itself', { stage: 'rcpt', before: ['bad/itself'] })],
  ours: () => [check('bad/one', { after: ['sender/spf'], before: ['outbound/requiretls'] })],
  none: () => [],
};

exports.register = function () {
  install(this, { checks: this.config.get('bad-order', 'list').flatMap((way) => ways[way]()) });
};
