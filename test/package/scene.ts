import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { certificateIn } from '../../scripts/demo/certificates.ts';
import { startDirectory } from '../../scripts/demo/directory.ts';
import { readStore, type StoredMessage } from '../../scripts/demo/mailstore.ts';
import { entries } from '../../scripts/demo/people.ts';
import { startSink } from '../../scripts/demo/sink.ts';
import { eventually } from '../support/gateway.ts';
import { freePorts } from '../support/ports.ts';
import { type Choice, configure, type World } from './configure.ts';
import { type Haraka, startHaraka } from './haraka.ts';
import type { Site } from './operator.ts';
import { run } from './shell.ts';

/** The directory, the sink and the keys, which serve every scene. */
export interface Surroundings extends World {
  /** PEM; what the DNS would say of the signing key. */
  readonly publicKey: string;
  readonly sinkDir: string;
  stop(): Promise<void>;
}

/** Haraka, as an operator has configured it. */
export interface Running extends Pick<Haraka, 'log'> {
  /** What the world has received from this scene. */
  received(): StoredMessage[];
  /** The one message that it receives. */
  delivery(): Promise<StoredMessage>;
  stop(): Promise<void>;
}

/** Starts a directory that speaks ldaps and a sink, and makes the keys with openssl. */
export async function surroundingsOf(site: Site): Promise<Surroundings> {
  const certificate = certificateIn(site.root);
  const signingKey = await run('openssl', ['genrsa', '2048'], site.root);
  const sinkDir = join(site.root, 'sink');
  const [mx, submission, implicit] = await freePorts(3);
  const directory = await startDirectory({ port: 0, entries: entries(), tls: certificate });
  const sink = await startSink({ port: 0, dir: sinkDir });
  return {
    ...{ certificate, signingKey, sinkDir, ports: { mx, submission, implicit } },
    ...{ directoryPort: directory.port, sinkPort: sink.port },
    publicKey: createPublicKey(signingKey).export({ type: 'spki', format: 'pem' }).toString(),
    stop: async () => {
      await Promise.all([directory.stop(), sink.stop()]);
    },
  };
}

/** Configures the instance and starts Haraka in it. */
export async function startScene(site: Site, around: Surroundings, choice: Choice): Promise<Running> {
  configure(site, around, choice);
  const haraka = await startHaraka(site, around.ports);
  const before = readStore(around.sinkDir).length;
  const received = (): StoredMessage[] => readStore(around.sinkDir).slice(before);
  return {
    log: () => haraka.log(),
    received,
    delivery: () => eventually('a message at the sink', () => received()[0], 10_000),
    stop: () => haraka.stop(),
  };
}
