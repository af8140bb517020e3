import { gateFacts, type GateFacts } from './gate.ts';
import { headerLinesOf, isHeaderWhole, type MessageFacts } from './message.ts';
import { openTransaction, type Source } from './source.ts';

/** What a message is that leaves once the gate lets it. */
export type DepartureFacts = GateFacts & Pick<MessageFacts, 'headerLines' | 'isHeaderWhole'>;

export function departureFacts(source: Source): DepartureFacts {
  const transaction = openTransaction(source);
  return {
    headerLines: headerLinesOf(transaction),
    isHeaderWhole: isHeaderWhole(source),
    ...gateFacts(source),
  };
}
