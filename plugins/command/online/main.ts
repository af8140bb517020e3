import { join } from 'node:path';
import { readSettings } from '../../core/settings/file.ts';
import { directoryQuestions, identitySourceAnswers, schemaWarnings } from './directories.ts';
import { dnsQuestions } from './dns.ts';
import { eventsQuestions, issuerQuestions, webhookQuestions } from './others.ts';
import { askAll, type Online } from './question.ts';
import { smartHostQuestions } from './smart-hosts.ts';

// A process of its own, for the directory of Haraka that it is given: see online.ts.

async function askServers(dir: string): Promise<Online> {
  const config = join(dir, 'config');
  const { policy } = readSettings(config).settings;
  const asked = await askAll([
    ...directoryQuestions(policy, config),
    ...dnsQuestions(policy),
    ...smartHostQuestions(policy, config),
    ...issuerQuestions(policy, config),
    ...eventsQuestions(policy, dir),
    ...webhookQuestions(policy, config),
  ]);
  const answers = [...asked, ...identitySourceAnswers(policy)];
  return { answers, warnings: await schemaWarnings(policy, config, asked) };
}

process.once('disconnect', () => process.exit());
process.send?.(await askServers(process.argv[2] ?? '.'));
