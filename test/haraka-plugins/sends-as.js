// Sends what a client hands over with SEND, in JSON, and answers what became of it.
const { sendAs } = require('haraka-plugin-gatekeeper');

exports.hook_unrecognized_command = function (next, connection, [verb, text]) {
  if (verb !== 'SEND') return next();
  const { name, ...mail } = JSON.parse(text);
  sendAs(name, mail).then(
    ({ queueId }) => next(DENY, `sent ${queueId}`),
    (error) => next(DENY, `${error.isTemporary ? 'later' : 'never'} ${error.message}`),
  );
};
