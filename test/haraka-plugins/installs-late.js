// Brings a check that refuses everybody when it is too late for that, in the way that config/installs-late names.
const { defineCheck, install, refuse } = require('haraka-plugin-gatekeeper');

const check = defineCheck({
  name: 'late/one',
  stage: 'mail',
  replies: { 'not-today': { code: '553', status: '5.7.1', text: 'Not today' } },
  decide: () => refuse('not-today'),
});

const ways = {
  awaits: async (bring) => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    bring();
  },
  timer: (bring) => void setTimeout(bring, 10),
  tick: (bring) => process.nextTick(bring),
  'init-master': (bring, plugin) => {
    plugin.bring = (next) => {
      bring();
      next();
    };
    plugin.register_hook('init_master', 'bring');
  },
};

exports.register = function () {
  const way = this.config.get('installs-late').trim();
  return ways[way](() => install(this, { checks: [check] }), this);
};
