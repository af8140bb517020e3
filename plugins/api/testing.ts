/**
 * For tests of what plugins bring: `import { identitySourceContract, tryCheck } from 'haraka-plugin-gatekeeper/testing'`.
 *
 * @module
 */
export type { ContractPeople, ContractPerson } from '../core/directory/contract-cases.ts';
export { identitySourceContract, type SourceContract } from '../core/directory/source-contract.ts';
export { tryCheck, type Tried } from '../core/haraka/checks/try.ts';
