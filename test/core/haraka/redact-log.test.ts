import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactLine } from '../../../plugins/core/haraka/patches/redact-log.ts';

const cases = [
  {
    line: '[DEBUG] [X] [core] pipeline: AUTH PLAIN c2VjcmV0\\r',
    is: '[DEBUG] [X] [core] pipeline: [redacted]',
  },
  { line: '[DEBUG] [X] [core] pipeline: c2VjcmV0\\r', is: '[DEBUG] [X] [core] pipeline: [redacted]' },
  {
    line: '[DEBUG] [X] [core] pipeline: MAIL FROM:<a@b>\\r',
    is: '[DEBUG] [X] [core] pipeline: MAIL FROM:<a@b>\\r',
  },
  { line: '[DEBUG] [X] [core] pipeline: MAILc2Vj\\r', is: '[DEBUG] [X] [core] pipeline: [redacted]' },
  {
    line: '[DEBUG] [X] [core] [early_talker] state=4 esmtp=false line="AUTH PLAIN c2VjcmV0"',
    is: '[DEBUG] [X] [core] [early_talker] state=4 esmtp=false line=[redacted]',
  },
  { line: '[INFO] [X] [core] something else line=1', is: '[INFO] [X] [core] something else line=1' },
  {
    line: '{"level":"DEBUG","origin":"core","message":"pipeline: AUTH PLAIN c2VjcmV0\\r\\n"}',
    is: '{"level":"DEBUG","origin":"core","message":"pipeline: [redacted]"}',
  },
  {
    line: '{"origin":"core","message":"[early_talker]","state":4,"line":"AUTH PLAIN c2VjcmV0"}',
    is: '{"origin":"core","message":"[early_talker]","state":4,"line":"[redacted]"}',
  },
  {
    line: '[NOTICE] [X] [gatekeeper/auth] refuse login="a C: lice" client="192.0.2.1"',
    is: '[NOTICE] [X] [gatekeeper/auth] refuse login="a C: lice" client="192.0.2.1"',
  },
] as const;

void describe('what the log quotes of buffered lines', () => {
  for (const { line, is } of cases) {
    void it(line, () => {
      assert.equal(redactLine(line), is);
    });
  }
});
