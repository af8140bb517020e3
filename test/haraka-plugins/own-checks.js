// Checks as integrators declare them, some of them bad; the sub-address of the sender says which: alice+STAGE.HOW@corp.example.
const { defer, defineCheck, install, pass, refuse, skip } = require('haraka-plugin-gatekeeper');

const replies = {
  'not-today': { code: '553', status: '5.7.1', text: 'Not today' },
  'not-yet': { code: '450', status: '4.7.1', text: 'Not yet' },
};

const ways = {
  passes: () => pass,
  skips: () => skip('it is nobody we look at'),
  refuses: () => refuse('not-today', 'on purpose', 'Try tomorrow.'),
  defers: () => defer('not-yet', 'on purpose'),
  ours: () => refuse('relay-denied', 'on purpose'),
  throws: () => {
    throw new Error('on purpose');
  },
  hangs: () => new Promise(() => undefined),
  nonsense: () => 'yes',
  stranger: () => refuse('somebody-elses'),
  swapped: () => defer('not-today', 'a decision is no trouble'),
};

/** What a stage tells of the sender; before MAIL, and for each try to deliver, a file says what to do. */
const wanted = (stage, text) => {
  const [, at, how] = /\+([a-z]+)\.([a-z-]+)@/.exec(text) || [];
  return at === stage ? ways[how]() : pass;
};

const fs = require('node:fs');
const mood = (stage) => {
  const file = `${process.env.HARAKA}/mood-${stage}`;
  return fs.existsSync(file) ? ways[fs.readFileSync(file, 'utf8').trim()]() : pass;
};

const seen = (stage, facts) => {
  fs.appendFileSync(`${process.env.HARAKA}/facts`, `${JSON.stringify({ stage, facts })}\n`);
};

function deciding(stage) {
  return (facts) => {
    seen(stage, facts);
    if (stage === 'connect' || stage === 'auth') return mood(stage);
    if (stage === 'delivery' && mood(stage) !== pass) return mood(stage);
    return wanted(stage, typeof facts.sender === 'string' ? facts.sender : facts.sender.text);
  };
}

exports.register = function () {
  const stages = ['connect', 'auth', 'mail', 'rcpt', 'message', 'outbound', 'delivery'];
  const checks = stages.map((stage) =>
    defineCheck({ name: `own/${stage}`, stage, replies, decide: deciding(stage) }),
  );
  install(this, { checks });
};
