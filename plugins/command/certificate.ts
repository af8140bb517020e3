import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { pemBlocks } from '../core/certificate/chain.ts';
import { namesOf, type CertificateNames } from '../core/certificate/names.ts';
import { provenNames, type ProvenNames } from '../core/certificate/proven.ts';
import { readTrust } from '../core/certificate/trust.ts';
import { attributeValues } from '../core/certificate/values.ts';
import { refused, type Account, type Verification } from '../core/directory/directory.ts';
import { messageOf } from '../core/message-of.ts';
import { accountFacts, accountJson, meanings } from './account.ts';
import { askDirectory, installationOf } from './installation.ts';
import { aligned, exitCode, Failure, give, type Answer, type Fact } from './output.ts';

const examples = `
FILE holds the certificate of a client in PEM, and behind it what the client
sends along. Its key is not needed: whether a client has it, the handshake
shows. The values are those that directory.certificate_attribute may have of
the certificate: one of them is enough.

Exit codes: 0 the certificate is an account that may log in, 1 it is not,
69 the directory cannot be asked or a file not be read, 78 the settings are wrong.

Examples:
  gatekeeper certificate app.pem
  gatekeeper certificate app.pem --json`;

/** Adds `gatekeeper certificate FILE`. */
export function addCertificate(program: Command): void {
  program
    .command('certificate')
    .description('show whose a client certificate is, and its values for the directory')
    .argument('<file>', 'certificate in PEM')
    .addHelpText('after', examples)
    .action(show);
}

async function show(file: string, _options: object, command: Command): Promise<void> {
  const [leaf, ...intermediates] = certificatesIn(file);
  if (!leaf) throw new Failure(`${file} holds no certificate in PEM`, exitCode.unavailable);
  const installation = installationOf(command);
  const { policy } = installation.settings;
  const trust = readTrust(policy.certificates, 'certificates', join(installation.dir, 'config'));
  const proven = provenNames({ leaf, intermediates }, trust, new Date());
  const notes: string[] = [];
  const { names } = proven;
  const found = names
    ? await askDirectory(
        installation,
        (directory) => directory.byCertificate(names),
        (note) => notes.push(note),
      )
    : refused('certificate-fault');
  give(command, answerOf(file, namesOf(leaf), proven, found, notes));
}

function certificatesIn(file: string): readonly X509Certificate[] {
  try {
    return pemBlocks(readFileSync(file, 'utf8')).map((block) => new X509Certificate(block));
  } catch (error) {
    throw new Failure(`${file}: ${messageOf(error)}`, exitCode.unavailable);
  }
}

function answerOf(
  file: string,
  names: CertificateNames,
  { fault }: ProvenNames,
  found: Verification,
  notes: readonly string[],
): Answer {
  const values = attributeValues(names);
  const common = { file, ...(fault && { fault }), values, ...(notes.length > 0 && { notes }) };
  const facts = (account?: Account) =>
    aligned([
      ...faultFacts(fault, account !== undefined),
      ...(found.kind === 'refused' && found.detail !== undefined
        ? [['accounts', found.detail] as const]
        : []),
      ['values', values],
      ...(account ? accountFacts(account) : []),
      ...notes.map((note) => ['note', note] as const),
    ]);
  if (found.kind === 'account') {
    const { account } = found;
    return {
      exitCode: exitCode.yes,
      json: { ...common, is_account: true, account: accountJson(account) },
      lines: [`yes: ${file} is ${account.name}`, ...facts(account)],
    };
  }
  const cause = fault && found.cause === 'no-such-account' ? 'certificate-fault' : found.cause;
  return {
    exitCode: exitCode.no,
    json: { ...common, is_account: false, cause },
    lines: [`no: ${file}: ${cause}: ${meanings[cause]}`, ...facts()],
  };
}

/** Of an account that is known by its key, why only the key counts. */
function faultFacts(fault: ProvenNames['fault'], isKnownByKey: boolean): Fact[] {
  if (!fault) return [];
  return [[isKnownByKey ? 'key only' : 'fault', `${fault.kind}: ${fault.text}`]];
}
