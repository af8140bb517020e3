import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Attribute, Change, Client } from 'ldapts';
import { ldif } from '../../scripts/demo/ldif.ts';
import { peopleBase, type Entry } from '../../scripts/demo/people.ts';
import { appPassword, withAppPasswords } from '../support/app-passwords.ts';
import { gatekeeper } from '../support/command.ts';
import { eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { oauthbearer, token } from '../support/oauth.ts';
import { ScramClient } from '../support/scram.ts';
import { verifiedEntries } from '../support/scram-people.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { loggedIn, plain, type SmtpClient } from '../support/smtp.ts';
import { greet, issuerScene } from './oauth-scene.ts';

const issuer = issuerScene();
const dnOf = (uid: string): string => `uid=${uid},${peopleBase}`;

/** Whoever manages the directory. */
const manager = dnOf('carol');
const access = `access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${manager}" write by users read by * none`;

/** Those of the samples, and a robot that has what can be taken from it. */
function people(): Entry[] {
  const { attributes } = verifiedEntries().find(({ dn }) => dn === dnOf('bob')) ?? { attributes: {} };
  const robot = {
    dn: dnOf('robot'),
    attributes: {
      ...attributes,
      ...{ uid: ['robot'], mail: ['robot@corp.example'], userPassword: ['pw-robot'] },
      gatekeeperSendAs: ['*@app.corp.example'],
    },
  };
  return withAppPasswords([...verifiedEntries(), robot], {
    dave: [appPassword('printer'), appPassword('phone')],
  });
}

type Work = (client: Client) => Promise<void>;

void describe('a session that lasts', () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  const asManager = async (work: Work): Promise<void> => {
    const client = new Client({ url: slapd.url });
    await client.bind(manager, 'pw-carol');
    await work(client);
    await client.unbind();
  };
  const change = (uid: string, operation: 'add' | 'delete' | 'replace', type: string, ...values: string[]) =>
    asManager((client) =>
      client.modify(dnOf(uid), new Change({ operation, modification: new Attribute({ type, values }) })),
    );
  /** What MAIL is answered, in a session that goes on. */
  const mail = async (client: SmtpClient, sender: string): Promise<string> => {
    const { text } = await client.command(
      `MAIL FROM:<${sender.includes('@') ? sender : `${sender}@corp.example`}>`,
    );
    await client.command('RSET');
    return text;
  };
  const session = (login: string, password = `pw-${login}`) =>
    loggedIn({ port: gateway.ports.submission }, `${login}@corp.example`, password);
  const start = async (directory: object) => {
    gateway = await startTestGateway({
      directoryUrl: slapd.url,
      config: issuer.config(),
      settings: {
        directory: {
          ...{ scram_attribute: 'gatekeeperScramVerifier', app_password_attribute: 'gatekeeperAppPassword' },
          ...directory,
        },
        oauth: issuer.oauth(),
      },
    });
  };

  before(async () => {
    slapd = await startSlapd({ ldif: ldif(people()), access });
  });
  after(() => slapd.stop());

  void describe('within the time of remembered logins', () => {
    before(() => start({ cache_seconds: 3600 }));
    after(() => gateway.stop());

    void it('asks nobody, until the account is to be forgotten', async () => {
      const [client, other] = [await session('alice'), await session('alice')];
      await change('alice', 'delete', 'mailAlternateAddress', 'alice.smith@corp.example');
      assert.match(await mail(client, 'alice.smith'), /^250 /);
      const { code } = await gatekeeper(['forget', 'alice@corp.example'], { haraka: gateway.dir });
      assert.equal(code, 0);
      for (const each of [client, other]) {
        assert.match(await mail(each, 'alice.smith'), /^553 5\.7\.1 /);
        assert.match(await mail(each, 'alice'), /^250 /);
        each.destroy();
      }
      await change('alice', 'add', 'mailAlternateAddress', 'alice.smith@corp.example');
    });

    void it('ends when the account is gone by then', async () => {
      const client = await session('scanner');
      await asManager((directory) => directory.del(dnOf('scanner')));
      assert.match(await mail(client, 'scanner'), /^250 /);
      await gatekeeper(['forget', 'scanner@corp.example'], { haraka: gateway.dir });
      assert.match(await mail(client, 'scanner'), /^530 5\.7\.0 Authentication required/);
      client.destroy();
    });
  });

  void describe('longer than that', () => {
    const directory = { cache_seconds: 1, cache_refused_seconds: 0 };
    before(() => start(directory));
    after(() => gateway.stop());
    const pastTime = () => delay(1100);

    void it('loses addresses and domains, gets pairs, and keeps the rest', async () => {
      const [alice, robot] = [await session('alice'), await session('robot')];
      assert.match(await mail(robot, 'x@app.corp.example'), /^250 /);
      await change('alice', 'delete', 'mailAlternateAddress', 'alice.smith@corp.example');
      await change('robot', 'delete', 'gatekeeperSendAs');
      await pastTime();
      assert.match(await mail(alice, 'alice.smith'), /^553 5\.7\.1 /);
      assert.match(await mail(alice, 'team'), /^250 /);
      assert.match(await mail(robot, 'x@app.corp.example'), /^553 5\.7\.1 /);
      assert.match(await mail(robot, 'robot'), /^250 /);
      await change('robot', 'add', 'gatekeeperPair', 'bounces@app.corp.example robot@corp.example');
      await pastTime();
      assert.match(await mail(robot, 'robot'), /^553 5\.7\.1 /);
      assert.match(await mail(robot, 'bounces@app.corp.example'), /^250 /);
      for (const client of [alice, robot]) client.destroy();
      await change('alice', 'add', 'mailAlternateAddress', 'alice.smith@corp.example');
    });

    void it('ends with the account, says why, and may log in again', async () => {
      const client = await session('bob');
      await change('bob', 'replace', 'accountStatus', 'disabled');
      await pastTime();
      assert.match(await mail(client, 'bob'), /^530 5\.7\.0 Authentication required \(\S+ auth\/account\)/);
      const event = await eventWith(gateway, { check: 'auth/account', identity: 'bob@corp.example' });
      assert.deepEqual(
        [event.verdict, event.reason, event.detail],
        ['refuse', 'auth-required', 'account-disabled'],
      );
      assert.match(await mail(client, 'bob'), /^530 5\.7\.0 Authentication required \(\S+ auth\/required\)/);
      const login = `AUTH PLAIN ${plain('bob@corp.example', 'pw-bob')}`;
      assert.match((await client.command(login)).text, /^535 /);
      await change('bob', 'replace', 'accountStatus', 'active');
      assert.match((await client.command(login)).text, /^235 /);
      assert.match(await mail(client, 'bob'), /^250 /);
      client.destroy();
    });

    void it('ends whatever it was proven by', async () => {
      const scram = (await greet(gateway)).client;
      const proof = new ScramClient({ login: 'alice@corp.example', password: 'pw-alice' });
      await scram.command('AUTH SCRAM-SHA-256');
      const asked = await scram.command(proof.first());
      await scram.command(proof.final(asked.lines[0] ?? ''));
      assert.match((await scram.command('')).text, /^235 /);
      const bearer = (await greet(gateway)).client;
      const shown = oauthbearer(await token(issuer.key));
      assert.match((await bearer.command(`AUTH OAUTHBEARER ${shown}`)).text, /^235 /);
      const clients = { scram, bearer, password: await session('alice') };
      await change('alice', 'replace', 'accountStatus', 'disabled');
      await pastTime();
      for (const [how, client] of Object.entries(clients)) {
        assert.match(await mail(client, 'alice'), /^530 5\.7\.0 /, how);
        client.destroy();
      }
      await change('alice', 'delete', 'accountStatus');
    });

    void it('ends with its application password, and no other does', async () => {
      const [printer, phone] = [await session('dave', 'app-printer'), await session('dave', 'app-phone')];
      await change('dave', 'replace', 'gatekeeperAppPassword', appPassword('phone'));
      await pastTime();
      assert.match(await mail(printer, 'dave'), /^530 5\.7\.0 /);
      assert.match(await mail(phone, 'dave'), /^250 /);
      const event = await eventWith(gateway, { check: 'auth/account', credential: 'printer' });
      assert.equal(event.detail, 'the application password printer is gone');
      for (const client of [printer, phone]) client.destroy();
    });

    void it('has to wait while no server answers', async () => {
      const client = await session('bob');
      await slapd.kill();
      await pastTime();
      assert.match(await mail(client, 'bob'), /^451 4\.7\.0 Account cannot be looked up now/);
      await slapd.start();
      let answer = '';
      for (let tries = 0; !answer.startsWith('250') && tries < 50; tries += 1) {
        await delay(100);
        answer = await mail(client, 'bob');
      }
      assert.match(answer, /^250 /);
      client.destroy();
    });
  });

  void it('goes on while no server answers, where logins do', async () => {
    await start({ cache_seconds: 0, cache_stale_seconds: 3600 });
    try {
      const client = await session('bob');
      await slapd.kill();
      assert.match(await mail(client, 'bob'), /^250 /);
      assert.match(gateway.log(), /sessions go on as before, "bob@corp\.example" among them: /);
      await slapd.start();
      client.destroy();
    } finally {
      await gateway.stop();
    }
  });
});
