import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMailbox } from '../../plugins/core/mailbox.ts';
import {
  nothingDelegated,
  ownRight,
  parsePair,
  rightsTo,
  type Pair,
  type Place,
  type Rights,
} from '../../plugins/core/rights.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { mailbox } from '../support/mailbox.ts';

const { policy } = parseSettings('roles: [mx]\nprotected_domains: [corp.example]', 'test');

const alice = {
  addresses: ['alice@corp.example', 'team+all@corp.example', 'team@corp.example'].map(mailbox),
  domains: ['app.corp.example'],
};

const cases = [
  { writes: 'alice@corp.example', separator: '+', because: 'alice@corp.example, owned' },
  { writes: 'ALICE@Corp.Example', separator: '+', because: 'alice@corp.example, owned' },
  { writes: 'alice+shop@corp.example', separator: '+', because: 'alice@corp.example, subaddress' },
  { writes: 'alice+shop+b@corp.example', separator: '+', because: 'alice@corp.example, subaddress' },
  { writes: 'alice-shop@corp.example', separator: '-', because: 'alice@corp.example, subaddress' },
  { writes: 'team+all@corp.example', separator: '+', because: 'team+all@corp.example, owned' },
  { writes: 'team+few@corp.example', separator: '+', because: 'team@corp.example, subaddress' },
  { writes: 'alice+shop@corp.example', separator: '', because: 'nothing' },
  { writes: 'alice+shop@corp.example', separator: '-', because: 'nothing' },
  { writes: '+shop@corp.example', separator: '+', because: 'nothing' },
  { writes: 'bob@corp.example', separator: '+', because: 'nothing' },
  { writes: 'alice@corp.example.org', separator: '+', because: 'nothing' },
  { writes: 'any.body@App.Corp.Example', separator: '+', because: 'any.body@app.corp.example, domain' },
  { writes: '"any<body"@app.corp.example', separator: '+', because: 'nothing' },
  { writes: 'alice@x.app.corp.example', separator: '+', because: 'nothing' },
] as const;

void describe('the right to write as an address', () => {
  for (const { writes, separator, because } of cases) {
    void it(`${writes} with the separator '${separator}': ${because}`, () => {
      const right = ownRight(mailbox(writes), alice, {
        sender: { ...policy.sender, subaddress_separator: separator },
      });
      assert.equal(right ? `${formatMailbox(right.owned)}, ${right.rule}` : 'nothing', because);
    });
  }
});

const robot = {
  ...nothingDelegated,
  addresses: ['robot@corp.example'].map(mailbox),
  forwards: 'off',
} as const;

const grants: readonly { rights: Partial<Rights>; writes: string; in: Place; by: readonly string[] }[] = [
  {
    rights: { onBehalf: [mailbox('carol@corp.example')] },
    writes: 'carol@corp.example',
    in: 'from',
    by: ['on-behalf'],
  },
  {
    rights: { onBehalf: [mailbox('carol@corp.example')] },
    writes: 'carol@corp.example',
    in: 'sender',
    by: [],
  },
  {
    rights: { onBehalf: [mailbox('carol@corp.example')] },
    writes: 'carol@corp.example',
    in: 'envelope',
    by: [],
  },
  {
    rights: { onBehalf: [mailbox('carol@corp.example')] },
    writes: 'carol+x@corp.example',
    in: 'from',
    by: [],
  },
  { rights: { grants: ['list'] }, writes: 'x@other.example', in: 'from', by: ['list'] },
  { rights: { grants: ['list'] }, writes: 'bob@corp.example', in: 'from', by: ['list'] },
  { rights: { grants: ['list'] }, writes: 'x@other.example', in: 'sender', by: [] },
  { rights: { grants: ['list'] }, writes: 'x@other.example', in: 'envelope', by: [] },
  { rights: { grants: ['resend'] }, writes: 'x@other.example', in: 'from', by: ['resend'] },
  { rights: { grants: ['resend'] }, writes: 'x@other.example', in: 'sender', by: ['resend'] },
  { rights: { grants: ['resend'] }, writes: 'bob@corp.example', in: 'from', by: [] },
  { rights: { grants: ['helpdesk'] }, writes: 'x@other.example', in: 'from', by: [] },
  { rights: { grants: ['list', 'resend'] }, writes: 'x@other.example', in: 'from', by: ['list', 'resend'] },
  { rights: { forwards: 'enforce' }, writes: 'x@other.example', in: 'envelope', by: ['forward'] },
  { rights: { forwards: 'enforce' }, writes: 'bob@corp.example', in: 'from', by: [] },
  {
    rights: { pairs: [pair('b@x.example', 'n@x.example')] },
    writes: 'b@x.example',
    in: 'envelope',
    by: ['pair'],
  },
  { rights: { pairs: [pair('b@x.example', 'n@x.example')] }, writes: 'b@x.example', in: 'from', by: [] },
  {
    rights: { pairs: [pair('b@x.example', '*@x.example')] },
    writes: 'n@x.example',
    in: 'from',
    by: ['pair'],
  },
  { rights: { pairs: [pair('b@x.example', '*@x.example')] }, writes: 'n@y.x.example', in: 'from', by: [] },
  {
    rights: { pairs: [pair('b@x.example', '*@x.example')] },
    writes: 'b+1@x.example',
    in: 'envelope',
    by: ['pair'],
  },
  { rights: { pairs: [pair('<>', 'n@x.example')] }, writes: 'n@x.example', in: 'from', by: ['pair'] },
  { rights: { pairs: [pair('<>', 'n@x.example')] }, writes: 'n@x.example', in: 'envelope', by: [] },
  {
    rights: { pairs: [pair('b@x.example', '*@x.example')] },
    writes: 'robot@corp.example',
    in: 'from',
    by: [],
  },
];

function pair(envelope: string, header: string): Pair {
  return parsePair(`${envelope} ${header}`) ?? assert.fail(envelope);
}

void describe('what was lent', () => {
  for (const { rights, writes, in: place, by } of grants) {
    void it(`${JSON.stringify(rights)} has ${writes} in ${place}: ${by.join(', ') || 'no'}`, () => {
      const found = rightsTo(mailbox(writes), place, { ...robot, ...rights }, policy);
      assert.deepEqual(
        found.map(({ rule }) => rule),
        by,
      );
    });
  }
});
