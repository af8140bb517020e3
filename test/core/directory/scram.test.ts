import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Directory, Unproven } from '../../../plugins/core/directory/directory.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import { MadeUpVerifiers, readVerifiers } from '../../../plugins/core/directory/scram.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { storedVerifier } from '../../support/scram.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { verifiedEntries } from '../../support/scram-people.ts';
import { inBrief, settingsFor } from './contract.ts';
import { client, fake } from './fixtures.ts';

const stored = storedVerifier('secret', Buffer.from('0123456789abcdef'));
const read = (...values: readonly string[]) => readVerifiers(values.map((value) => Buffer.from(value)));

void describe('a verifier that is stored for SCRAM-SHA-256', () => {
  void it('is read as PostgreSQL writes it', () => {
    const verifier = read(stored);
    assert.equal(verifier?.iterations, 4096);
    assert.equal(verifier.salt.toString(), '0123456789abcdef');
    assert.deepEqual([verifier.storedKey.length, verifier.serverKey.length], [32, 32]);
  });

  void it('is read with the spaces of RFC 3112, and by a name in any case', () => {
    assert.deepEqual(
      read(
        ` ${stored.replaceAll('$', ' $ ').toLowerCase().slice(0, 14)}${stored.replaceAll('$', ' $ ').slice(14)} `,
      ),
      read(stored),
    );
  });

  void it('is found among those of other schemes', () => {
    assert.deepEqual(read(stored.replace('SHA-256', 'SHA-1'), stored, 'MD5$c2FsdA==$aGFzaA=='), read(stored));
    assert.equal(read(stored.replace('SHA-256', 'SHA-1')), undefined);
  });

  const broken = [
    '',
    'secret',
    '{SSHA}c2VjcmV0',
    'SCRAM-SHA-256',
    'SCRAM-SHA-256$$',
    stored.replace('4096', '0'),
    stored.replace('4096', '04096'),
    stored.replace('4096', '-1'),
    stored.replace('4096', '1000000000'),
    stored.replace(/:[^$]*\$/, ':$'),
    stored.replace(/:[^$]*\$/, ':AB$'),
    stored.replace(/:[^:]*$/, ''),
    stored.replace(/:[^:]*$/, ':c2hvcnQ='),
    `${stored}:AAAA`,
    `${stored}$AAAA`,
    `${stored}\n`.repeat(2),
  ];
  for (const value of broken) {
    void it(`is not guessed from ${JSON.stringify(value.slice(0, 60))}`, () => {
      assert.throws(() => read(value), {
        message: /^its value (for SCRAM-SHA-256 cannot be read|is of no known form)$/,
      });
    });
  }

  void it('is not chosen from two', () => {
    assert.throws(() => read(stored, storedVerifier('other')), /several values/);
  });
});

void describe('a verifier that is made up', () => {
  const madeUp = new MadeUpVerifiers(Buffer.from('pw-gatekeeper'), 4096);
  const saltOf = (login: string) => madeUp.of(login).salt.toString('hex');

  void it('looks like a real one', () => {
    const { iterations, salt, storedKey, serverKey } = madeUp.of('nobody');
    assert.deepEqual([iterations, salt.length, storedKey.length, serverKey.length], [4096, 16, 32, 32]);
  });

  void it('is the same in every process, and another one for another name or secret', () => {
    const again = new MadeUpVerifiers(Buffer.from('pw-gatekeeper'), 4096);
    const elsewhere = new MadeUpVerifiers(Buffer.from('pw-other'), 4096);
    assert.deepEqual(again.of('nobody'), madeUp.of('nobody'));
    assert.notEqual(elsewhere.of('nobody').salt.toString('hex'), saltOf('nobody'));
    assert.notEqual(saltOf('somebody'), saltOf('nobody'));
  });

  void it('is the same for all spellings that a directory takes for one', () => {
    for (const spelling of ['NoBody', ' nobody ', 'ｎｏｂｏｄｙ'])
      assert.equal(saltOf(spelling), saltOf('nobody'));
    assert.equal(saltOf('no  body'), saltOf('no body'));
  });
});

void describe('directory: verifiers in slapd', () => {
  let slapd: Slapd;
  let directory: Directory;
  const logged: string[] = [];
  const log = (message: string) => logged.push(message);
  const found = (login: string): Promise<Unproven> => directory.verifier(login);

  before(async () => {
    slapd = await startSlapd({ ldif: ldif(verifiedEntries()) });
    const settings = settingsFor([slapd.url], { scram_attribute: 'gatekeeperScramVerifier' });
    directory = createLdapDirectory(settings, { bindPassword: Secret.fromText('pw-gatekeeper') }, log);
  });
  after(async () => {
    directory.close();
    await slapd.stop();
  });

  const cases = [
    {
      it: 'alice, who has one',
      login: 'alice@corp.example',
      ifProven: 'alice@corp.example',
      otherwise: 'wrong-password',
    },
    {
      it: 'alice in capitals',
      login: 'ALICE@corp.example',
      ifProven: 'alice@corp.example',
      otherwise: 'wrong-password',
    },
    {
      it: 'retired, who is disabled',
      login: 'retired@corp.example',
      ifProven: 'account-disabled',
      otherwise: 'wrong-password',
    },
    {
      it: 'bob, who has none',
      login: 'bob@corp.example',
      ifProven: 'no-scram-verifier',
      otherwise: 'no-scram-verifier',
    },
    {
      it: 'nobody',
      login: 'mallory@corp.example',
      ifProven: 'no-such-account',
      otherwise: 'no-such-account',
    },
    { it: 'an asterisk', login: '*', ifProven: 'no-such-account', otherwise: 'no-such-account' },
    {
      it: 'a line end',
      login: 'alice@corp.example\n',
      ifProven: 'malformed-login',
      otherwise: 'malformed-login',
    },
  ];
  for (const { it: title, login, ...expected } of cases) {
    void it(`gives a verifier for ${title}`, async () => {
      const { verifier, ifProven, otherwise } = await found(login);
      assert.deepEqual({ ifProven: inBrief(ifProven), otherwise }, expected);
      assert.deepEqual([verifier.iterations, verifier.salt.length], [4096, 16]);
    });
  }

  void it('gives the same account that a password gives', async () => {
    const { ifProven } = await found('alice@corp.example');
    assert.deepEqual(ifProven, await directory.verify('alice@corp.example', Secret.fromText('pw-alice')));
  });

  void it('is unavailable where a verifier cannot be read, and names the account but not the value', async () => {
    await assert.rejects(found('carol@corp.example'), {
      name: 'Unavailable',
      message: /uid=carol,.*gatekeeperScramVerifier/,
    });
    assert.match(logged.join('\n'), /uid=carol/);
    assert.doesNotMatch(logged.join('\n'), /garbage/);
  });

  void it('does not read verifiers when a password is checked', async () => {
    const verification = await directory.verify('carol@corp.example', Secret.fromText('pw-carol'));
    assert.equal(inBrief(verification), 'carol@corp.example');
  });

  void it('is unavailable without the setting, after its end, and when no server answers', async () => {
    const without = createLdapDirectory(settingsFor([slapd.url]), {
      bindPassword: Secret.fromText('pw-gatekeeper'),
    });
    await assert.rejects(without.verifier('alice@corp.example'), { name: 'Unavailable' });
    without.close();
    const down = client(['ldap://127.0.0.1:1'], { scram_attribute: 'x' });
    await assert.rejects(down.directory.verifier('alice@corp.example'), { name: 'Unavailable' });
    const { url } = await fake({ search: () => undefined });
    const silent = client([url], { scram_attribute: 'x', operation_timeout_seconds: 0.1 });
    await assert.rejects(silent.directory.verifier('alice@corp.example'), { name: 'Unavailable' });
  });
});
