// Puts a recipient into a message after DATA: the one that config/adds-recipient names.
const { Address } = require('@haraka/email-address');

exports.register = function () {
  const address = new Address(`<${this.config.get('adds-recipient').trim()}>`);
  this.add = (next, connection) => {
    connection.transaction.rcpt_to.push(address);
    next();
  };
  this.register_hook('data_post', 'add');
};
