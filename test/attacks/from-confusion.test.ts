import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { attackCases as cases, type AttackCase } from './attack-cases.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { loggedIn, type SmtpClient, type SmtpReply } from '../support/smtp.ts';

/** What is only looked at as shipped. */
const hardened = { foreign_display: 'enforce', lookalike_domains: 'enforce', unannounced_utf8: 'enforce' };

interface Outcome {
  readonly stage: 'mail' | 'rcpt' | 'data';
  readonly reply: SmtpReply;
}

void describe('the cases of header confusion', () => {
  let gateway: TestGateway;
  const verdicts: string[] = [];
  before(async () => {
    gateway = await startTestGateway({ settings: { sender: hardened } });
  });
  after(async () => {
    await gateway.stop();
    console.log(verdicts.join('\n'));
  });

  for (const each of cases) {
    void it(`${each.id} (${each.kind}, ${each.tier}): ${each.title}`, async (context) => {
      const outcome = await send(gateway, each);
      const { stage, reply } = outcome;
      const met = meets(outcome, each);
      const verdict = reply.code < 400 ? 'accepted' : 'refused';
      verdicts.push(
        `${each.id} ${each.kind} ${each.tier} ${verdict} at ${stage}: ${reply.text.slice(0, 70)}`,
      );
      context.diagnostic(`${verdict} at ${stage}: ${reply.text}`);
      assert.ok(
        met !== undefined,
        `expected ${JSON.stringify(each.expected)}\nreceived at ${stage}: ${reply.text}`,
      );
      if (met === 'exactly' || verdict === 'accepted') return;
      context.diagnostic(`proposed was ${each.expected.code} ${each.expected.enhanced}`);
    });
  }
});

/** Verdict, stage and first digit are the gate; the exact reply is a proposal. */
function meets({ stage, reply }: Outcome, { expected }: AttackCase): 'exactly' | 'in verdict' | undefined {
  const isAccepted = reply.code >= 200 && reply.code < 300;
  if (isAccepted !== (expected.verdict === 'accept')) return undefined;
  if (isAccepted) return 'exactly';
  if (stage !== expected.stage || Math.trunc(reply.code / 100) !== Math.trunc(expected.code / 100))
    return undefined;
  const said = reply.text.split(' ', 2).join(' ');
  const proposed = [`${expected.code} ${expected.enhanced}`, ...(expected.also_acceptable_replies ?? [])];
  return proposed.includes(said) ? 'exactly' : 'in verdict';
}

async function send(gateway: TestGateway, each: AttackCase): Promise<Outcome> {
  const password = `pw-${each.auth_user.slice(0, each.auth_user.indexOf('@'))}`;
  const client = await loggedIn(
    { port: gateway.ports.implicit, implicitTls: true },
    each.auth_user,
    password,
  );
  try {
    return await transact(client, each);
  } finally {
    client.destroy();
  }
}

async function transact(client: SmtpClient, each: AttackCase): Promise<Outcome> {
  const mail = await client.command([`MAIL FROM:<${each.mail_from}>`, ...each.mail_params].join(' '));
  if (mail.code >= 400) return { stage: 'mail', reply: mail };
  for (const recipient of each.rcpt_to) {
    const rcpt = await client.command(`RCPT TO:<${recipient}>`);
    if (rcpt.code >= 400) return { stage: 'rcpt', reply: rcpt };
  }
  const data = await client.command('DATA');
  if (data.code >= 400) return { stage: 'data', reply: data };
  client.write(contentOf(each));
  return { stage: 'data', reply: await client.reply() };
}

/** As the notes of the file say: header, empty line, body; dots doubled where the client does so. */
function contentOf({ headers_b64, body, client_dot_stuffs }: AttackCase): Buffer {
  const header = Buffer.from(headers_b64, 'base64').toString('latin1');
  const text = `${header}\r\n${Buffer.from(body, 'utf8').toString('latin1')}`;
  const stuffed = client_dot_stuffs ? text.replace(/(^|\r\n)\./g, '$1..') : text;
  return Buffer.from(`${stuffed}${stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1');
}
