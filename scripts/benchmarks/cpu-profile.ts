/** What V8 writes for --cpu-prof, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of the nodes that were seen. */
  readonly samples: readonly number[];
  /** Microseconds between one sample and the next. */
  readonly timeDeltas: readonly number[];
  /** Microseconds of the monotonic clock, which all processes share. */
  readonly startTime: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** Who spends the time: the checks with their facts and patches, the record of what they decide, logging in, Haraka, or nobody. */
const owners = ['policies', 'events', 'authentication', 'Haraka', 'Node.js'] as const;

export type Owner = (typeof owners)[number];

/** Parts of the time that the process was not idle, from 0 to 1. */
export interface Shares {
  /** Of the time, what each owner spent: by its own code, or by what that called of Node.js and of libraries. */
  readonly owned: Readonly<Record<Owner, number>>;
  /** Of the time, what our own code spent by itself. */
  readonly self: number;
  /** How long the process was not idle, in ms. */
  readonly busyMs: number;
}

/** What of ours anybody needs who checks passwords against a directory, and counts the wrong ones. */
const authentication =
  /\/dist\/(?:auth\/|core\/(?:directory|guessing|store)\/|core\/haraka\/patches\/auth-lines\.)/;

/** What writes down what was decided. */
const events = /\/dist\/(?:audit\/|core\/event\.|core\/haraka\/outcome\.)/;

/** What several of these use: it belongs to whichever called it. */
const shared = /\/dist\/core\/(?:json-line|mailbox|secret)\./;

/**
 * Haraka's own files, but for the logger, whose time belongs to those who log. Its reader of headers is a package of its
 * own, which only Haraka calls, whoever stands between them.
 */
const haraka = /\/node_modules\/haraka(?:\/(?!logger\.js|node_modules\/)|-email-message\/)/;

/**
 * Sums up the samples between two moments (microseconds of the monotonic clock). A sample belongs to the innermost
 * function on the stack that is ours or Haraka's. Whatever has neither (handshakes, sockets, garbage) is Node.js's.
 */
export function sharesOf(profile: CpuProfile, from: number, to: number): Shares {
  const ownerOfNode = ownersByNode(profile);
  const spent: Record<Owner, number> = { policies: 0, events: 0, authentication: 0, Haraka: 0, 'Node.js': 0 };
  let [time, self] = [profile.startTime, 0];
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index] ?? 0;
    time += delta;
    const node = ownerOfNode.get(id);
    if (!node || node.isIdle || time < from || time > to) return;
    spent[node.owner] += delta;
    if (node.isOurs) self += delta;
  });
  const busy = owners.reduce((sum, owner) => sum + spent[owner], 0);
  if (busy === 0) throw new RangeError('the profile has nothing of that time');
  const owned = Object.fromEntries(owners.map((owner) => [owner, spent[owner] / busy]));
  return { owned: owned as Record<Owner, number>, self: self / busy, busyMs: busy / 1000 };
}

interface OwnedNode {
  readonly owner: Owner;
  readonly isOurs: boolean;
  readonly isIdle: boolean;
}

/** From the root down, so that a function of Node.js or of a library has the owner of what called it. */
function ownersByNode({ nodes }: CpuProfile): Map<number, OwnedNode> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owned = new Map<number, OwnedNode>();
  const descend = (id: number, owner: Owner): void => {
    const node = byId.get(id);
    if (!node) throw new Error(`the profile has no node ${id}`);
    const { functionName, url } = node.callFrame;
    const own = ownerOfFile(url);
    owned.set(id, { owner: own ?? owner, isOurs: isOurs(url), isIdle: functionName === '(idle)' });
    for (const child of node.children ?? []) descend(child, own ?? owner);
  };
  if (nodes[0]) descend(nodes[0].id, 'Node.js');
  return owned;
}

function ownerOfFile(url: string): Owner | undefined {
  if (isOurs(url)) {
    if (shared.test(url)) return undefined;
    if (authentication.test(url)) return 'authentication';
    return events.test(url) ? 'events' : 'policies';
  }
  return haraka.test(url) ? 'Haraka' : undefined;
}

function isOurs(url: string): boolean {
  return url.includes('/dist/') && !url.includes('/node_modules/');
}
