import { after, before } from 'node:test';
import { startGateway, type Gateway } from '../../scripts/demo/gateway.ts';
import { startLoad, type Load, type Sent } from './crash-load.ts';
import { startScene, type Scene } from './provenance-scene.ts';

const many = 1_000_000;

/** So that nobody is refused for how much was sent. */
export const unlimited = {
  messages_per_hour: many,
  recipients_per_hour: many,
  soft_messages_per_hour: many,
  sessions: 100,
};

/** A gateway that ends while it is sent one message after the other. */
export interface BusyGateway {
  readonly scene: Scene;
  readonly running: Gateway;
  readonly load: Load;
  /** Messages for which it has said 250. */
  readonly accepted: readonly Sent[];
  /** Begins it again once it has ended. */
  readonly beginAgain: () => Promise<void>;
}

/** For the tests of one suite; what it returns gives the gateway once they run. */
export function busyGateway(nodes: number): () => BusyGateway {
  let busy: BusyGateway | undefined;
  before(async () => {
    const scene = await startScene({ nodes, settings: { limits: unlimited } });
    const load = startLoad(scene.test.ports.submission, Math.random);
    let running = scene.test.gateway;
    busy = {
      ...{ scene, load },
      get running() {
        return running;
      },
      get accepted() {
        return load.sent.filter(({ state }) => state === 'accepted');
      },
      beginAgain: async () => {
        const { dir, ports } = scene.test;
        running = await startGateway({ dir, ports, directoryUrl: '', sinkPort: 0, reuse: true });
      },
    };
  });
  after(async () => {
    await busy?.load.stop();
    await busy?.running.stop();
    await busy?.scene.stop();
  });
  return () => {
    if (!busy) throw new Error('the gateway has not begun');
    return busy;
  };
}
