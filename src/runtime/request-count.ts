/** Counts requests by operation, for the report of a run. */
export class RequestCount {
  readonly #counts = new Map<string, number>();

  readonly add = (operation: string): void => {
    this.#counts.set(operation, (this.#counts.get(operation) ?? 0) + 1);
  };

  readonly counts = (): Readonly<Record<string, number>> => Object.fromEntries(this.#counts);
}
