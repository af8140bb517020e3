// A plugin that answers first, and finally, whatever becomes of a message.
exports.register = function () {
  for (const hook of ['delivered', 'deferred', 'bounce']) {
    this[`at_${hook}`] = (next) => next(OK);
    this.register_hook(hook, `at_${hook}`, -100);
  }
};
