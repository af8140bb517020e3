import assert from 'node:assert/strict';
import { conclude, startChain, type Conclusion, type Source } from '../../../plugins/core/dns/conclude.ts';
import type { RecordType } from '../../../plugins/core/dns/dns.ts';
import { questionSection } from '../../../plugins/core/dns/message.ts';
import { encodeName } from '../../../plugins/core/dns/name.ts';
import { answerTo, asked, record, wireName, type Parts } from '../../support/fake-dns.ts';

type Without<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;

/** What the message says about `name.example`, or about another name: without which name that is in the end, and who vouches for it. */
export function concluded(type: RecordType, parts: Parts, name?: string): Without<Conclusion, keyof Source> {
  const { name: _, isAuthentic: __, ...said } = sourced(type, parts, name) as Conclusion & Partial<Source>;
  return said;
}

/** All of what it says. */
function sourced(type: RecordType, parts: Parts, name = 'name.example'): Conclusion {
  const section = questionSection(encodeName(name) ?? assert.fail(), type);
  return conclude(answerTo({ id: 1, section }, parts), { name, type, section }, startChain(name));
}

/** An alias of the name that was asked for, or of another. */
export function alias(target: string, owner = asked): Buffer {
  return record('CNAME', wireName(target), { owner });
}
