export interface Timed<T> {
  readonly ms: number;
  /** Of this process, user and system. */
  readonly cpuMs: number;
  readonly result: T;
}

export async function timed<T>(run: () => Promise<T> | T): Promise<Timed<T>> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await run();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000, result };
}

/**
 * Runs every contender once in each round, so that a drift of the computer hits all alike, and in
 * another order each time. Returns the results of each contender by its name.
 */
export async function roundRobin<T extends object>(
  rounds: number,
  contenders: { readonly [K in keyof T]: (round: number) => Promise<T[K]> },
): Promise<{ [K in keyof T]: T[K][] }> {
  const names = Object.keys(contenders) as (keyof T)[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as {
    [K in keyof T]: T[K][];
  };
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      results[name].push(await contenders[name](round));
    }
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Of each round by itself, so that a load that comes and goes hits both. */
export function medianRatio(ours: readonly number[], others: readonly number[]): number {
  return median(ours.map((value, round) => value / (others[round] ?? Number.NaN)));
}
