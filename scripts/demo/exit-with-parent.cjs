// Preloaded into Haraka: when the process that started it disconnects or dies, however it dies, Haraka ends too.
// The workers of a cluster end by themselves when their primary does; a graceful restart disconnects them while they
// still work, so they are left alone here.
const { isWorker } = require('node:cluster');

if (!isWorker) process.once('disconnect', () => process.exit(0));
