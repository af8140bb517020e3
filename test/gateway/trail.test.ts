import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/gateway.ts';
import { mail, startScene, type Scene } from './provenance-scene.ts';

void describe('the trail', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene();
  });
  after(() => scene.stop());
  void it('x', async () => {
    scene.world.answer = (r) => (r.startsWith('soon') ? '450 4.2.1 Later' : r.startsWith('refused') ? '550 5.1.1 No' : undefined);
    await mail(scene.test, ['a@one.example', 'soon@two.example', 'refused@three.example', 'b@three.example']);
    await eventually('x', () => scene.test.events().filter((e) => e.check === 'outbound/delivery').length >= 5, 4000).catch(() => 0);
    scene.world.answer = () => undefined;
    await eventually('x', () => scene.test.events().filter((e) => e.check === 'outbound/delivery').length >= 6, 9000).catch(() => 0);
    console.log(scene.test.events().filter((e) => e.check.startsWith('outbound')));
    console.log(scene.test.log().split('\n').filter((l) => /WARN|CRIT|ERROR/.test(l)).join('\n'));
    console.log(scene.world.taken.map((t) => t.lines.slice(0, 8).join('\n')).join('\n--\n'));
  });
});
