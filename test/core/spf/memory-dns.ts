import { type Found, lookupIn, type Zone, typeNumbers } from '../../../scripts/demo/dns-zone.ts';
import type { Answer, Dns, RecordData, RecordType } from '../../../plugins/core/dns/dns.ts';

/** A DNS port over a zone in memory, that writes down what it is asked, as `TYPE name`. */
export interface MemoryDns extends Dns {
  readonly asked: string[];
}

/** Answers from a zone; for the same question with the same object, as a cache does. TIMEOUT is answered at once. */
export function memoryDns(zone: Zone): MemoryDns {
  const lookup = lookupIn(zone);
  const asked: string[] = [];
  const answers = new Map<string, Answer<RecordType>>();
  return {
    asked,
    resolve<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
      const question = `${type} ${name}`;
      asked.push(question);
      const answer = answers.get(question) ?? answerOf(lookup(name, typeNumbers[type], true), type);
      answers.set(question, answer);
      return Promise.resolve(answer as Answer<T>);
    },
  };
}

function answerOf<T extends RecordType>(answer: ReturnType<ReturnType<typeof lookupIn>>, type: T): Answer<T> {
  if (answer.kind === 'TIMEOUT') return { kind: 'timeout' };
  if (answer.kind === 'SERVFAIL') return { kind: 'servfail', because: 'SERVFAIL' };
  if (answer.kind !== 'answer') return { kind: answer.kind };
  const records = answer.found.flatMap(({ record }) => (type in record ? [dataOf(record, type)] : []));
  // A CNAME that leads nowhere.
  return records.length > 0
    ? { kind: 'records', records }
    : { kind: 'servfail', because: 'a loop of CNAMEs' };
}

function dataOf<T extends RecordType>(record: Found['record'], type: T): RecordData[T] {
  const data = (record as unknown as Readonly<Record<T, unknown>>)[type];
  if (type === 'TXT') return (Array.isArray(data) ? data.join('') : data) as RecordData[T];
  if (type !== 'MX') return data as RecordData[T];
  const [preference, exchange] = data as [number, string];
  return { preference, exchange } as RecordData[T];
}
