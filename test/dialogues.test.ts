import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gatewayOptions, playedOn } from './dialogues/gateways.ts';
import { parseDialogue, play } from './support/dialogue.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';

const folder = join(import.meta.dirname, 'dialogues');
const only = process.env['DIALOGUE'];
const crossSection = process.env['CROSS_SECTION'];

const dialogues = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.smtp') && (only === undefined || file.startsWith(only)))
  .sort()
  .map((file) => ({ file, ...parseDialogue(readFileSync(join(folder, file), 'utf8')) }))
  .map((dialogue) => ({ ...dialogue, gateways: playedOn(dialogue.gateways, crossSection) }));

void describe('dialogues', { concurrency: 3 }, () => {
  for (const name of new Set(dialogues.flatMap(({ gateways }) => gateways))) {
    void describe(`with the gateway '${name}'`, { concurrency: 1 }, () => {
      let started: Promise<TestGateway> | undefined;
      after(async () => (await started)?.stop());
      for (const dialogue of dialogues.filter(({ gateways }) => gateways.includes(name))) {
        void it(`${dialogue.file}: ${dialogue.title}`, async () => {
          const options = gatewayOptions[name];
          if (!options) throw new Error(`test/dialogues/gateways.ts knows no gateway '${name}'`);
          started ??= startTestGateway(options);
          await play(dialogue, await started, dialogue.file.replace('/', '-').replace('.smtp', ''));
        });
      }
    });
  }
});
