import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkOf } from '../../../../plugins/core/haraka/checks/made.ts';
import { defineCheck, type CheckDeclaration } from '../../../../plugins/core/haraka/checks/of-others.ts';
import { told } from '../../../../plugins/core/haraka/facts/telling.ts';
import { replies } from '../../../../plugins/core/replies.ts';
import { pass } from '../../../../plugins/core/verdict.ts';

/** As plain JavaScript declares it: anything. */
const declare = (declaration: unknown) => defineCheck(declaration as CheckDeclaration<'mail', never>);

const good = { name: 'own/mail', stage: 'mail', decide: () => pass } as const;
const reply = { code: '550', status: '5.7.1', text: 'Not today' };
const withReply = (more: object) => ({ ...good, replies: { 'not-today': { ...reply, ...more } } });
const withReason = (reason: string) => ({ ...good, replies: { [reason]: reply } });

const ofReply = (says: string) => `check own/mail: replies["not-today"] ${says}`;
const ofReason = (reason: string, says: string) => `check own/mail: replies["${reason}"] ${says}`;
const noName = 'expected a name PLUGIN/CHECK of small letters, digits, - and _';
const noStage = `check own/mail: stage is none of ${Object.keys(told).join(', ')}`;
const noReason = 'is no reason: expected small letters, digits and -';
const noCode = ofReply('needs a code 4xx or 5xx, as text');
const noText = ofReply('needs a text of printable US-ASCII, 200 characters at most');
const ours = 'its name is of the gateway: put that of your plugin in front';

const mistakes: readonly (readonly [it: string, declaration: unknown, says: string])[] = [
  ['nothing', undefined, 'defineCheck: expected an object with name, stage and decide'],
  ['null', null, 'defineCheck: expected an object with name, stage and decide'],
  ['a function', () => pass, 'defineCheck: expected an object with name, stage and decide'],

  ['an unknown key', { ...good, moed: 'off' }, 'check own/mail: has no use for moed'],
  [
    'two unknown keys',
    { ...good, priority: 1, hook: 'mail' },
    'check own/mail: has no use for priority, hook',
  ],
  // What the gateway's own checks may have, and a check of others may not.
  ['refusesAt', { ...good, refusesAt: 'rcpt' }, 'check own/mail: has no use for refusesAt'],
  ['looksAhead', { ...good, looksAhead: true }, 'check own/mail: has no use for looksAhead'],
  ['looksAt', { ...good, looksAt: 'client' }, 'check own/mail: has no use for looksAt'],

  ['no name', { ...good, name: undefined }, `check undefined: ${noName}`],
  ['a name without a plugin', { ...good, name: 'mail' }, `check "mail": ${noName}`],
  ['an empty name', { ...good, name: '' }, `check "": ${noName}`],
  ['capitals in the name', { ...good, name: 'Own/Mail' }, `check "Own/Mail": ${noName}`],
  ['a name of three parts', { ...good, name: 'own/mail/x' }, `check "own/mail/x": ${noName}`],
  ['a line break in the name', { ...good, name: 'own/mail\n' }, `check "own/mail\\n": ${noName}`],
  [
    'a name that is too long',
    { ...good, name: `own/${'x'.repeat(33)}` },
    `check "own/${'x'.repeat(33)}": ${noName}`,
  ],
  ['a number for a name', { ...good, name: 7 }, `check number: ${noName}`],
  ...['auth/x', 'tls/x', 'sender/x', 'outbound/x', 'audit/x', 'sender/spf'].map(
    (name) => [`the name ${name}`, { ...good, name }, `check ${name}: ${ours}`] as const,
  ),

  ['no stage', { ...good, stage: undefined }, noStage],
  ['a stage that is none', { ...good, stage: 'data' }, noStage],
  ...['session', 'unclaimed', 'accept', 'queue', 'gate', 'constructor'].map(
    (stage) => [`the stage ${stage}`, { ...good, stage }, noStage] as const,
  ),
  ['a list for a stage', { ...good, stage: ['mail'] }, 'check own/mail: stage object is none of '],

  ['no decide', { name: 'own/mail', stage: 'mail' }, 'check own/mail: decide is no function'],
  ['a text for decide', { ...good, decide: 'pass' }, 'check own/mail: decide is no function'],
  [
    'a mode that is none',
    { ...good, mode: 'on' },
    'check own/mail: mode is none of enforce, observe and off',
  ],
  ['null for a mode', { ...good, mode: null }, 'check own/mail: mode is none of enforce, observe and off'],
  [
    'judges of nobody',
    { ...good, judges: 'all' },
    'check own/mail: judges is neither authenticated nor unauthenticated',
  ],
  [
    'judges of ours',
    { ...good, judges: 'provisional' },
    'check own/mail: judges is neither authenticated nor unauthenticated',
  ],
  ['isQuiet as a text', { ...good, isQuiet: 'false' }, 'check own/mail: isQuiet is neither true nor false'],
  [
    'a text for after',
    { ...good, after: 'sender/spf' },
    'check own/mail: after is no list of names of checks',
  ],
  ['no name in before', { ...good, before: [7] }, 'check own/mail: before is no list of names of checks'],

  ['a text for replies', { ...good, replies: 'no' }, 'check own/mail: replies is no table by reason'],
  ['null for replies', { ...good, replies: null }, 'check own/mail: replies is no table by reason'],
  ['capitals in a reason', withReason('Not-today'), ofReason('Not-today', noReason)],
  ['a space in a reason', withReason('not today'), ofReason('not today', noReason)],
  ['an empty reason', withReason(''), ofReason('', noReason)],
  ...Object.keys(replies).map(
    (reason) =>
      [
        `the reason ${reason}`,
        withReason(reason),
        ofReason(reason, 'is a reason of the gateway, which has its own reply'),
      ] as const,
  ),
  ['no reply', { ...good, replies: { 'not-today': undefined } }, noCode],
  ['null for a reply', { ...good, replies: { 'not-today': null } }, noCode],
  ['a text for a reply', { ...good, replies: { 'not-today': '550 no' } }, noCode],
  ['a code as a number', withReply({ code: 550 }), noCode],
  ['a code that accepts', withReply({ code: '250', status: '2.0.0' }), noCode],
  ['a code that asks for more', withReply({ code: '354' }), noCode],
  ['a code that is none', withReply({ code: '560' }), noCode],
  ['a code of four digits', withReply({ code: '5500' }), noCode],
  ['a code with a line break', withReply({ code: '550\r\n' }), noCode],
  ['no status', withReply({ status: undefined }), ofReply('needs a status 5.x.x (RFC 3463)')],
  ['a status of another class', withReply({ status: '4.7.1' }), ofReply('needs a status 5.x.x (RFC 3463)')],
  [
    'a status of a class that the code is not of',
    withReply({ code: '450' }),
    ofReply('needs a status 4.x.x (RFC 3463)'),
  ],
  ['a status of two parts', withReply({ status: '5.7' }), ofReply('needs a status 5.x.x (RFC 3463)')],
  ['no text', withReply({ text: undefined }), noText],
  ['an empty text', withReply({ text: '' }), noText],
  ['a text beyond US-ASCII', withReply({ text: 'Größe' }), noText],
  ['a line break in the text', withReply({ text: 'No\r\n250 Yes' }), noText],
  ['a text that is too long', withReply({ text: 'x'.repeat(201) }), noText],
];

void describe('a check that cannot be meant is refused where it is declared, with', () => {
  for (const [title, declaration, says] of mistakes) {
    void it(title, () => {
      assert.throws(
        () => declare(declaration),
        (error) => error instanceof TypeError && error.message.startsWith(says),
        says,
      );
    });
  }
});

const meant: readonly (readonly [it: string, declaration: object])[] = [
  ['name, stage and decide', good],
  ['digits, - and _ in its name', { ...good, name: 'a1-b_c/d2-e_f' }],
  ['an order', { ...good, after: ['sender/spf'], before: ['own/other'] }],
  ['whose mail it judges', { ...good, judges: 'unauthenticated' }],
  ['a reply that defers', withReply({ code: '450', status: '4.7.1' })],
  ['a reply that closes the connection', withReply({ code: '421', status: '4.7.0' })],
  ['a reply of the longest text', withReply({ text: 'x'.repeat(200) })],
  ['no replies, and quiet', { ...good, replies: {}, isQuiet: true }],
  ['a name that begins as one of ours does', { ...good, name: 'authors/mail' }],
  ...Object.keys(told).map((stage) => [`stage ${stage}`, { ...good, stage }] as const),
];

void describe('a check may be declared with', () => {
  for (const [title, declaration] of meant) {
    void it(title, () => {
      const defined = declare(declaration);
      assert.ok(Object.isFrozen(defined));
      assert.equal(checkOf(defined).name, defined.name);
    });
  }
});

void describe('install takes only what defineCheck has made', () => {
  for (const [title, given] of [
    ['a declaration', good],
    ['a copy of a check', { ...declare(good) }],
    ['an empty object', {}],
  ] as const) {
    void it(`not ${title}`, () => {
      assert.throws(() => checkOf(given), {
        name: 'TypeError',
        message: 'a check was not made by defineCheck',
      });
    });
  }
});
