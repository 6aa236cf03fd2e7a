/**
 * Lets at most `max` holders in at a time; the others wait in the order in which they came.
 * `acquire` resolves to the function that lets the next one in.
 */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(max: number) {
    this.#free = max;
  }

  async acquire(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => this.#release();
  }

  /** The slot passes on to the one who waits; nobody who comes just now can take it. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
