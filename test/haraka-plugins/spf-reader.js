// Logs, after MAIL, what stands where karma and others look for what SPF said, and what karma makes of it. Node.js asks
// the DNS server that config/gatekeeper.yaml names.
const dns = require('node:dns');
const fs = require('node:fs');
const path = require('node:path');
const karma = require('haraka-plugin-karma');

exports.register = function () {
  const settings = fs.readFileSync(path.join(process.env.HARAKA, 'config/gatekeeper.yaml'), 'utf8');
  dns.setServers([/127\.0\.0\.1:\d+(?=\s+timeout_seconds)/.exec(settings)[0]]);
  this.awards = Object.assign(Object.create(this), karma, {
    name: 'karma',
    cfg: { result_awards: { 150: 'spf | result | equals | Fail | -4', 151: 'spf | pass | match | . | 2' } },
  });
  this.awards.preparse_result_awards();
  this.register_hook('connect_init', 'listen');
  this.register_hook('mail', 'read', 100);
};

// In the place of Redis, by which karma hears of results.
exports.listen = function (next, connection) {
  connection.results.add({ name: 'karma' }, { score: 0 });
  connection.server.notes.redis = {
    publish: async (_channel, message) => this.awards.check_result(connection, message),
  };
  next();
};

exports.read = function (next, connection) {
  const { notes, results } = connection.transaction;
  const kept = (found) => {
    if (!found) return undefined;
    const { human: _human, human_html: _html, ...rest } = found;
    return rest;
  };
  const read = {
    notes: {
      spf_helo: connection.notes.spf_helo,
      spf_mail_result: notes.spf_mail_result,
      spf_mail_record: notes.spf_mail_record,
    },
    session: kept(connection.results.get('spf')),
    message: kept(results.get('spf')),
    score: connection.results.get('karma').score,
  };
  this.lognotice(connection, `read ${JSON.stringify(read)}`);
  next();
};
