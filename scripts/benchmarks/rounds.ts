/** Who wants rounds, in each of which everybody has a turn. */
export interface Rounds {
  readonly rounds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A first round is for the compiler, and for connections to be opened: it does not count. */
export async function inRounds(
  { rounds, say, signal }: Rounds,
  round: (counts: boolean) => Promise<void>,
): Promise<void> {
  for (let number = 0; number <= rounds; number += 1) {
    signal.throwIfAborted();
    say(number === 0 ? 'everybody warms up' : `round ${number} of ${rounds}`);
    await round(number > 0);
  }
}
