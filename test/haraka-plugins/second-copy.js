// Has a copy of the package of its own, as a dependency that npm has put below it: config/second-copy says where.
exports.register = function () {
  const { defineCheck, install, pass } = require(this.config.get('second-copy').trim());
  install(this, { checks: [defineCheck({ name: 'copy/one', stage: 'mail', decide: () => pass })] });
};
