/** What an identity source has to do, as tests for `node --test`: the entry `haraka-plugin-gatekeeper/testing`. */
export type { ContractPeople, ContractPerson } from '../core/directory/contract-cases.ts';
export { identitySourceContract, type SourceContract } from '../core/directory/source-contract.ts';
