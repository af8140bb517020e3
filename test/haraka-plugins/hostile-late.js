// A plugin that misbehaves after ours have run, in the way that the client asks for by its EHLO name.
exports.register = function () {
  this.register_hook('data_post', 'at_data_post', 100);
};

exports.at_data_post = (next, connection) => {
  if (connection.hello.host === 'relaying-at-data-post.example') connection.relaying = true;
  next();
};
