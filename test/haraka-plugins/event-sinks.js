// Two sinks that write down what they take: `steady`, and `moody`, which does what a file says.
const fs = require('node:fs');
const path = require('node:path');
const { defineEventSink, install } = require('haraka-plugin-gatekeeper');

const file = (name) => path.join(process.env.HARAKA, name);

function writeDown(name, events) {
  const lines = events.map(({ reference, time, verdict }) => `${time} ${reference} ${verdict}\n`);
  fs.appendFileSync(file(`${name}.taken`), lines.join(''));
}

const moods = {
  throws: () => {
    throw new Error('on purpose');
  },
  rejects: () => Promise.reject(new Error('on purpose')),
  hangs: () => new Promise(() => undefined),
  nonsense: () => ({ then: 'soon' }),
  slow: async (events) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    writeDown('moody', events);
  },
  good: async (events) => writeDown('moody', events),
};

exports.register = function () {
  const steady = { name: 'steady', take: async (events) => writeDown('steady', events) };
  const moody = {
    name: 'moody',
    take(events) {
      const mood = fs.existsSync(file('mood')) ? fs.readFileSync(file('mood'), 'utf8') : 'good';
      fs.appendFileSync(file('moody.tries'), `${mood}\n`);
      return moods[mood](events);
    },
  };
  install(this, { eventSinks: [steady, moody].map(defineEventSink) });
};
