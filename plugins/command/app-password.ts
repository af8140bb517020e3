import { randomInt } from 'node:crypto';
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import type { Credential } from '../core/credential.ts';
import {
  appPasswordValue,
  credentialName,
  makeVerifier,
  mostIterations,
  readAppPassword,
} from '../core/directory/app-password.ts';
import { directoriesOf } from '../core/directory/sources.ts';
import { messageOf } from '../core/message-of.ts';
import { parseNetwork } from '../core/network.ts';
import { Secret } from '../core/secret.ts';
import { wholeNumber } from './event-options.ts';
import { installationIfAny } from './installation.ts';
import { exitCode, Failure, give } from './output.ts';

const examples = `
The password is random and shown this once: give it to the device, with its
hyphens. The value goes into the entry of the account, beside those that are
there, in directory.app_password_attribute; whoever reads it cannot log in
with it. NAME stands in events and in the log: one for each device. To take
the password back, give its value an expires that is over, or delete it.

Nothing is changed and nobody is asked.

Exit codes: 0, 64 the command line cannot be meant, 78 the settings are wrong.

Examples:
  gatekeeper app-password printer --network 10.1.0.0/16
  gatekeeper app-password phone-of-alice --expires 2027-01-31
  gatekeeper app-password backup --network 192.0.2.7 --network 2001:db8::7 --json`;

/** RFC 7677 §4. More would not protect what cannot be guessed anyway. */
const defaultIterations = 4096;

interface Options {
  readonly expires?: string;
  readonly network?: readonly string[];
  readonly iterations: number;
}

/** Adds `gatekeeper app-password NAME`. */
export function addAppPassword(program: Command): void {
  program
    .command('app-password')
    .description('make an application password, and the value for the directory')
    .argument('<name>', 'of the device or program that it is for', readName)
    .option('--expires <date>', 'last day (YYYY-MM-DD, UTC) on which it counts', readDate)
    .option('--network <network>', 'where it may be used, several times for several networks', addNetwork)
    .option('--iterations <number>', 'of PBKDF2, from 4096', readIterations, defaultIterations)
    .addHelpText('after', examples)
    .action(make);
}

async function make(
  name: string,
  { expires, network: networks, iterations }: Options,
  command: Command,
): Promise<void> {
  const policy = installationIfAny(command)?.settings.policy;
  const named = (policy ? directoriesOf(policy) : []).map(({ settings }) => settings.app_password_attribute);
  const attribute = named.find((each) => each !== '') ?? 'gatekeeperAppPassword';
  const credential: Credential = { name, ...(networks && { networks }), ...(expires && { expires }) };
  const password = randomPassword();
  const verifier = await makeVerifier(Secret.fromText(password), iterations);
  const value = appPasswordValue({ credential, verifier });
  refuseUnreadable(value);
  give(command, {
    exitCode: exitCode.yes,
    json: { ...credential, password, attribute, value },
    lines: [
      `password  ${password}`,
      '',
      'For ldapmodify, with the DN of the account:',
      '',
      'dn: uid=alice,ou=people,dc=corp,dc=example',
      'changetype: modify',
      `add: ${attribute}`,
      `${attribute}: ${value}`,
    ],
  });
}

/** So many networks that the value is too long, for one. */
function refuseUnreadable(value: string): void {
  try {
    readAppPassword(Buffer.from(value));
  } catch (error) {
    throw new Failure(`the value ${messageOf(error)}`, exitCode.usage);
  }
}

/** Without letters and digits that look alike. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** 80 bits: sixteen characters of 32, in groups that can be typed. */
function randomPassword(): string {
  const group = () => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return Array.from({ length: 4 }, group).join('-');
}

function readName(text: string): string {
  if (credentialName.test(text)) return text;
  throw new InvalidArgumentError('Expected up to 40 letters, digits, dots, hyphens and underscores.');
}

function readDate(text: string): string {
  if (z.iso.date().safeParse(text).success) return text;
  throw new InvalidArgumentError('Expected a day as YYYY-MM-DD.');
}

function addNetwork(text: string, before: readonly string[] = []): readonly string[] {
  if (parseNetwork(text)) return [...before, text];
  throw new InvalidArgumentError('Expected ADDRESS or ADDRESS/PREFIX.');
}

function readIterations(text: string): number {
  const number = wholeNumber(text);
  if (number >= defaultIterations && number <= mostIterations) return number;
  throw new InvalidArgumentError(`Expected a number from ${defaultIterations} to ${mostIterations}.`);
}
