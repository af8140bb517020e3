// Answers a hook before anybody else, as the file answers-first of its directory says: HOOK CODE.
const fs = require('node:fs');
const constants = require('haraka-constants');

const file = `${process.env.HARAKA}/answers-first`;

exports.register = function () {
  for (const hook of ['connect', 'mail', 'rcpt']) {
    this[`at_${hook}`] = (next) => {
      const [at, code] = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split(' ') : [];
      return at === hook ? next(constants[code.toLowerCase()]) : next();
    };
    this.register_hook(hook, `at_${hook}`, -100);
  }
};
