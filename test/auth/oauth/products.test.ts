import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { keysOfText } from '../../../plugins/auth/oauth/keys.ts';
import { SignedTokens } from '../../../plugins/auth/oauth/tokens.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import { issuerKey, token, type IssuerKey, type TokenChanges } from '../../support/oauth.ts';
import { block } from '../../support/pages.ts';

/** As if a certificate were in it. */
const certificate = { x5c: ['MIIC'], x5t: 'AAAA' };

void describe('tokens in the form that products document, under the settings of docs/sysadmin.md', () => {
  let key: IssuerKey;
  let other: IssuerKey;
  before(async () => {
    key = await issuerKey('one', 'RS256');
    other = await issuerKey('two', 'RS256');
  });

  const verdict = async (holding: string, keys: readonly object[], changes: TokenChanges) => {
    const minimal = 'directory: {urls: ["ldaps://x"], bind_dn: x, base: x}\n';
    const { oauth } = parseSettings(block('docs/sysadmin.md', 'yaml', holding) + minimal, 'docs').policy;
    assert.ok(oauth);
    const none = { email: undefined, scope: undefined };
    const text = await token(key, { ...changes, claims: { ...none, iss: oauth.issuer, ...changes.claims } });
    return new SignedTokens(oauth, keysOfText(JSON.stringify({ keys }))).verify(Secret.fromText(text));
  };

  void it('Keycloak: a second key for encryption, several audiences, one text of scopes', async () => {
    const { use: _use, alg: _alg, ...bare } = other.publicJwk;
    const keys = [
      { ...bare, ...certificate, use: 'enc', alg: 'RSA-OAEP' },
      { ...key.publicJwk, ...certificate },
    ];
    const claims = {
      ...{ aud: ['gatekeeper', 'account'], azp: 'mail-client', typ: 'Bearer', acr: '1', sid: 'x', jti: 'x' },
      ...{ scope: 'email profile smtp.send', email_verified: false, email: 'x@y.example' },
      preferred_username: 'alice',
    };
    assert.deepEqual(await verdict('realms/staff', keys, { claims }), { kind: 'proven', login: 'alice' });
    const ofPassword = { ...claims, aud: 'account' };
    assert.deepEqual(await verdict('realms/staff', keys, { claims: ofPassword }), {
      ...{ kind: 'refused', cause: 'token-invalid', detail: 'aud is "account"' },
    });
  });

  void it('Entra: keys without algorithm, the issuer in them, scp, and version 1 refused', async () => {
    const { alg: _alg, ...bare } = key.publicJwk;
    const keys = [{ ...bare, ...certificate, issuer: 'https://login.microsoftonline.com/x/v2.0' }];
    const claims = {
      ...{ aud: '66666666-7777-8888-9999-000000000000', azp: 'x', ver: '2.0', tid: 'x', oid: 'x', uti: 'x' },
      ...{ scp: 'SMTP.Send', upn: 'alice@corp.example' },
    };
    const header = { typ: 'JWT', x5t: 'AAAA' };
    const proven = { kind: 'proven', login: 'alice@corp.example' };
    assert.deepEqual(await verdict('microsoftonline', keys, { claims, header }), proven);
    const ofVersion1 = { ...claims, ver: '1.0', iss: 'https://sts.windows.net/x/', aud: 'api://66666666' };
    assert.deepEqual(await verdict('microsoftonline', keys, { claims: ofVersion1 }), {
      ...{ kind: 'refused', cause: 'token-invalid', detail: 'iss is "https://sts.windows.net/x/"' },
    });
  });
});
