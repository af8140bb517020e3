import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Identity } from '../../plugins/core/identity.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';
import { attackCases as cases, type AttackCase } from '../attacks/attack-cases.ts';
import { mailbox } from '../support/mailbox.ts';
import { identityOf, judge, submitted } from './judging.ts';
import { headerLinesOf, readSentMail } from './sent-mail.ts';

const minimal = {
  protected_domains: ['corp.example', 'lists.corp.example', 'bücher.example'],
  directory: { urls: ['ldaps://x'], bind_dn: 'x', base: 'x' },
};

function policyOf(sender: object): Policy {
  return parseSettings(JSON.stringify({ ...minimal, sender }), 'test').policy;
}

const shipped = policyOf({});
const hardened = policyOf({
  ...{ foreign_display: 'enforce', lookalike_domains: 'enforce', unannounced_utf8: 'enforce' },
  protected_names: [{ name: 'Carol Chief', addresses: ['carol@corp.example'] }],
});

/** Who sends it, with all that they may. */
const people: Readonly<Record<string, Identity>> = {
  alice: identityOf([
    'alice@corp.example',
    'alice.smith@corp.example',
    'team@corp.example',
    'alice@bücher.example',
  ]),
  bob: identityOf(['bob@corp.example']),
  carol: identityOf(['carol@corp.example']),
  obrien: identityOf(["o'brien@corp.example"]),
  dave: identityOf(['dave@corp.example'], {
    onBehalf: [mailbox('carol@corp.example')],
    grants: ['resend'],
  }),
  lists: identityOf(
    [
      'lists@corp.example',
      'announce@lists.corp.example',
      'announce-bounces@lists.corp.example',
      'announce-request@lists.corp.example',
    ],
    { grants: ['list'], domains: ['lists.corp.example'] },
  ),
  desk: identityOf(['support@corp.example'], { grants: ['helpdesk'] }),
  root: identityOf(['root@host.corp.example'], { domains: ['host.corp.example'] }),
  web: identityOf(['web@corp.example'], { domains: ['shop.corp.example'] }),
  sap: identityOf(['workflow@corp.example']),
  tracker: identityOf(['jira@corp.example']),
  scanner: identityOf(['scanner@corp.example']),
  server: identityOf(['exchange@corp.example'], {
    ...{ domains: ['corp.example', 'mail.corp.example'], forwards: 'enforce' },
  }),
  pair: identityOf(['news@corp.example'], {
    pairs: [
      {
        envelope: { domain: 'lists.corp.example' },
        header: { local: 'news', domain: 'corp.example' },
      },
    ],
  }),
};

function personOf(login: string): Identity {
  const person = people[login.replace(/@.*/, '')];
  assert.ok(person, login);
  return person;
}

function judgeCase(each: AttackCase, policy: Policy) {
  const header = Buffer.from(each.headers_b64, 'base64').toString('latin1');
  // Who does not double dots has the server take them away.
  const seen = each.client_dot_stuffs ? header : header.replace(/^\./gm, '');
  const facts = submitted({
    identity: personOf(each.auth_user),
    from: each.mail_from,
    headerLines: headerLinesOf(`${seen}\r\n`),
    isSmtpUtf8: each.mail_params.includes('SMTPUTF8'),
  });
  return judge(facts, policy);
}

const mails = readSentMail();

function judgeMail(mail: (typeof mails)[number], policy: Policy) {
  const { login, from, content, parameters, signed } = mail;
  const facts = submitted({
    ...{ identity: personOf(login), from, headerLines: headerLinesOf(content), signed },
    isSmtpUtf8: parameters.includes('SMTPUTF8'),
  });
  return judge(facts, policy);
}

void describe('mail that people and programs send is not refused, with the policies as shipped', () => {
  for (const mail of mails) {
    void it(`${mail.file}: ${mail.title}`, () => {
      assert.deepEqual(judgeMail(mail, shipped), { would: mail.would });
    });
  }

  void it('are at least 60, of every kind of sender', () => {
    assert.ok(mails.length >= 60);
    const senders = new Set(mails.map(({ login }) => login));
    assert.deepEqual(
      Object.keys(people).filter((each) => !senders.has(each)),
      ['carol'],
    );
  });

  after(() => {
    console.log([...rates(shipped, 'as shipped'), ...rates(hardened, 'all enforced')].join('\n'));
  });
});

/** Both rates of error. */
function rates(policy: Policy, how: string): readonly string[] {
  const isRefused = ({ refused }: ReturnType<typeof judge>) => refused !== undefined;
  const [good, bad] = (['legit', 'attack'] as const).map((kind) =>
    cases.filter((each) => each.kind === kind),
  );
  const refusedMails = mails.filter((mail) => isRefused(judgeMail(mail, policy)));
  const refusedCases = (good ?? []).filter((each) => isRefused(judgeCase(each, policy)));
  const accepted = (bad ?? []).filter((each) => !isRefused(judgeCase(each, policy)));
  const names = accepted.map(({ id, tier }) => `${id} ${tier}`).join(', ');
  return [
    `${how}: refused ${refusedMails.length} of ${mails.length} legitimate messages and ${refusedCases.length} of ${good?.length ?? 0} legitimate cases`,
    `${how}: accepted ${accepted.length} of ${bad?.length ?? 0} attacks (${names})`,
  ];
}

void describe('both rates of error', () => {
  void it('as shipped, only what is left to be observed gets through', () => {
    const missed = cases.filter((each) => judgeCase(each, shipped).refused === undefined);
    assert.deepEqual(
      missed.filter(({ kind, tier }) => kind === 'attack' && tier === 'must'),
      [],
    );
  });

  void it('with everything enforced, no attack gets through', () => {
    const wrong = cases.filter(
      (each) => (judgeCase(each, hardened).refused !== undefined) !== (each.kind === 'attack'),
    );
    assert.deepEqual(
      wrong.map(({ id, title }) => `${id}: ${title}`),
      [],
    );
  });
});
