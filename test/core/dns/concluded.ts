import assert from 'node:assert/strict';
import { conclude, startChain, type Conclusion } from '../../../plugins/core/dns/conclude.ts';
import type { RecordType } from '../../../plugins/core/dns/dns.ts';
import { questionSection } from '../../../plugins/core/dns/message.ts';
import { encodeName } from '../../../plugins/core/dns/name.ts';
import { answerTo, asked, record, wireName, type Parts } from '../../support/fake-dns.ts';

/** What the message says about `name.example`, or about another name. */
export function concluded(type: RecordType, parts: Parts, name = 'name.example'): Conclusion {
  const section = questionSection(encodeName(name) ?? assert.fail(), type);
  return conclude(answerTo({ id: 1, section }, parts), { name, type, section }, startChain(name));
}

/** An alias of the name that was asked for, or of another. */
export function alias(target: string, owner = asked): Buffer {
  return record('CNAME', wireName(target), { owner });
}
