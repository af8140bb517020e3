import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { sourceOfId } from '../core/directory/sources.ts';
import { forgettingOf, looksLikeNetwork } from '../core/guessing/forgetting.ts';
import { limitAccount } from '../core/limits/windows.ts';
import { parseNetwork } from '../core/network.ts';
import { forgottenWithinMs } from '../core/store/store.ts';
import { askStore, storeFileOf } from './data.ts';
import { askDirectory, installationOf, type Installation } from './installation.ts';
import { exitCode, Failure, give } from './output.ts';
import { recordAction } from './recorded.ts';

const examples = `
An account is named as it logs in. A network is ADDRESS or ADDRESS/PREFIX;
the networks around it and in it are forgotten, too. The networks that an
account is known from stay known, unless --networks says otherwise: use it
after a password was stolen, when its new one is set. --recipients drops whom the
account has written to, too (suspension.new_recipients): it is learned anew. An
account that the directory has no more, or that is of identity_sources, is named
by its id then. The running gateway has
dropped what it remembers of the account when the command returns.

Exit codes: 0 forgotten, 1 the gateway has counted nothing yet, 64 the network
cannot be meant, 69 its data cannot be used, 78 the settings are wrong.

Examples:
  gatekeeper forget alice@corp.example
  gatekeeper forget alice@corp.example --networks
  gatekeeper forget alice@corp.example --recipients
  gatekeeper forget 192.0.2.7
  gatekeeper forget 2001:db8:1:200::/56 --json`;

/** Adds `gatekeeper forget ACCOUNT|NETWORK`. */
export function addForget(program: Command): void {
  program
    .command('forget')
    .description('forget the failed logins of an account or a network')
    .argument('<account|network>', 'who may try again at once')
    .option('--networks', 'forget from which networks the account is known, too')
    .option('--recipients', 'forget to whom the account has written, too')
    .addHelpText('after', examples)
    .action(forget);
}

interface ForgetOptions {
  readonly networks?: true;
  readonly recipients?: true;
}

async function forget(text: string, options: ForgetOptions, command: Command): Promise<void> {
  const { networks, recipients } = options;
  refuseMistakes(text, options);
  const installation = installationOf(command);
  const { subject, meant } = forgettingOf(
    text,
    installation.settings.policy.sender.subaddress_separator,
    networks,
  );
  const ids = recipients ? await idsOf(text, installation) : [];
  const isForgotten = await askStore(installation, async (store) => {
    await store.forget(subject, meant, Date.now());
    for (const id of ids) await store.forgetCircle(limitAccount(id));
    return true;
  });
  if (isForgotten) {
    const also = [...(networks ? ['--networks'] : []), ...(recipients ? ['--recipients'] : [])];
    await recordAction(installation, 'forget', [[text, ...also].join(' ')]);
    await delay(forgottenWithinMs);
  }
  const what = subject.kind === 'account' ? 'the account' : 'the network';
  const more = [
    ...(networks ? [', and from where it is known'] : []),
    ...(recipients ? [', and to whom it has written'] : []),
  ];
  const line = isForgotten
    ? `forgotten: what was counted against ${what} ${text}${more.join('')}`
    : `no: ${storeFileOf(installation)} is not there: the gateway has counted nothing yet`;
  give(command, {
    exitCode: isForgotten ? exitCode.yes : exitCode.no,
    json: {
      ...subject,
      ...(networks && { networks }),
      ...(recipients && { recipients }),
      forgotten: isForgotten === true,
    },
    lines: [line],
  });
}

/** A slip in a network would be the name of an account that nobody has, and the answer that it is forgotten. */
function refuseMistakes(text: string, { networks, recipients }: ForgetOptions): void {
  const isNetwork = parseNetwork(text) !== undefined;
  if (!isNetwork && looksLikeNetwork(text)) {
    throw new Failure(`${text} is no network: expected ADDRESS or ADDRESS/PREFIX`, exitCode.usage);
  }
  if (isNetwork && networks) throw new Failure('--networks is for an account', exitCode.usage);
  if (isNetwork && recipients) throw new Failure('--recipients is for an account', exitCode.usage);
}

/** By what the circle of an account may be named: its id, or that itself. */
async function idsOf(text: string, installation: Installation): Promise<readonly string[]> {
  if (sourceOfId(text, installation.settings.policy)) return [text];
  const found = await askDirectory(
    installation,
    (directory) => directory.find(text),
    () => undefined,
  );
  return found.kind === 'account' ? [found.account.id] : [text];
}
