import { parseArgs } from 'node:util';

/** One run of the tests. Without `node` or `haraka` it is on what is installed here. */
export interface Run {
  /** A version, or a part of one, as npm takes it. */
  readonly node?: string;
  readonly haraka?: string;
  readonly words: readonly string[];
  /** Only what stands for the rest where another one of these is below. */
  readonly crossSection?: CrossSection;
}

/** What a cross-section is for; tests read it as CROSS_SECTION and leave out what does not depend on it. */
export type CrossSection = 'node' | 'haraka';

/** The Harakas at the two ends of the peer range. */
export interface Harakas {
  readonly oldest: string;
  readonly newest: string;
}

export const usage = `Usage: scripts/test [options] [WORD ...]

Checks the code and runs every test whose path holds one of the words; without words and options all of them, and a
cross-section on Node.js 24 and on the oldest Haraka of the peer range.

  --node VERSION     on another Node.js (24, 22.19.0), which npm brings
  --haraka VERSION   on another Haraka; 'oldest' is the oldest of the peer range
  --help             print this and end
`;

/** The patches of Haraka, one whole path of a message in one process and in workers, and TLS on both sides. */
const crossSection = (what: CrossSection): Run => ({
  words: ['dialogues.test', 'gateway/accidents', 'gateway/patches', 'gateway/tls.test', 'core/directory/tls'],
  crossSection: what,
});

/** What a command line of scripts/test asks for; `undefined` for help. Throws what cannot be meant. */
export function planRuns(args: readonly string[], harakas: Harakas): Run[] | undefined {
  const { values, positionals: words } = parseArgs({
    args: [...args],
    options: { node: { type: 'string' }, haraka: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const asked = { ...onNode(values.node), ...onHaraka(values.haraka, harakas) };
  const all: Run = { ...asked, words };
  if (words.length > 0 || values.node !== undefined || values.haraka !== undefined) return [all];
  const oldest = onHaraka('oldest', harakas);
  const onOldest = oldest.haraka === undefined ? [] : [{ ...crossSection('haraka'), ...oldest }];
  return [all, { ...crossSection('node'), node: '24' }, ...onOldest];
}

function onNode(version: string | undefined): Pick<Run, 'node'> {
  return version === undefined ? {} : { node: version };
}

function onHaraka(version: string | undefined, { oldest, newest }: Harakas): Pick<Run, 'haraka'> {
  const wanted = version === 'oldest' ? oldest : version;
  return wanted === undefined || wanted === newest ? {} : { haraka: wanted };
}
