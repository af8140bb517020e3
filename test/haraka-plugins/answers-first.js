// Answers a hook before anybody else, as config/answers-first says: HOOK CODE.
const constants = require('haraka-constants');

exports.register = function () {
  const [hook, code] = this.config.get('answers-first').trim().split(' ');
  this.answer = (next) => next(constants[code.toLowerCase()]);
  this.register_hook(hook, 'answer', -100);
};
