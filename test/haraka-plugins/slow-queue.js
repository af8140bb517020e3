// Takes its time before a message is queued; config/slow-queue.timeout allows that.
exports.hook_pre_send_trans_email = function (next) {
  setTimeout(next, 2500);
};
