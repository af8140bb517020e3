type Go = (isTurn: boolean) => void;

/**
 * Logins under way of one account in one network, and those that wait until it is clear what came of them. Whoever has a
 * place gives it back once: by `end`, or by waiting for another one.
 */
class Line {
  #places = 0;
  readonly #waiting: Go[] = [];

  get isEmpty(): boolean {
    return this.#places + this.#waiting.length === 0;
  }

  /** Takes a place; gives how many others have one, or wait. */
  begin(): number {
    return this.#places++ + this.#waiting.length;
  }

  /** Leaves the place to who waits longest. */
  end(): void {
    this.#places -= 1;
    this.wake();
  }

  /** Gives who waits longest a place to try. */
  wake(): void {
    const next = this.#waiting.shift();
    if (!next) return;
    this.#places += 1;
    next(true);
  }

  /**
   * Gives a place back until there may be room. Resolves to how many others have one, with a place; or to nothing when that
   * takes too long, without one. Who had a turn already is the first.
   */
  async another(isFirst: boolean, milliseconds: number): Promise<number | undefined> {
    const isTurn = await new Promise<boolean>((resolve) => {
      const go: Go = (isOurs) => {
        clearTimeout(timer);
        resolve(isOurs);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        go(false);
      }, milliseconds).unref();
      this.#waiting.splice(isFirst ? 0 : this.#waiting.length, 0, go);
      this.#places -= 1;
      // Nobody else would ever do it.
      if (this.#places === 0) this.wake();
    });
    return isTurn ? this.#places - 1 : undefined;
  }
}

/** The lines of all accounts and networks, by name. */
export class UnderWay {
  readonly #lines = new Map<string, Line>();

  at(name: string): Line {
    const line = this.#lines.get(name) ?? new Line();
    this.#lines.set(name, line);
    return line;
  }

  /** Gives a place back for good. */
  end(name: string): void {
    const line = this.#lines.get(name);
    line?.end();
    if (line?.isEmpty) this.#lines.delete(name);
  }
}
