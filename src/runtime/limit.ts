import { assert } from "./assert.ts";

/** More than 8 requests in flight can exhaust the SQL pool of a one-worker MLflow server. */
const CONCURRENCY_MAX = 8;

/** Maps `items` with at most `concurrency` calls in flight; results keep the order of the items. */
export async function mapLimited<T, R>(
  items: readonly T[],
  concurrency: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  assert(
    concurrency >= 1 && concurrency <= CONCURRENCY_MAX,
    `concurrency must be 1 to ${CONCURRENCY_MAX}, got ${concurrency}`,
  );
  const results = new Array<R>(items.length);
  const pending = items.entries();
  const lane = async () => {
    for (const [index, item] of pending) results[index] = await map(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  return results;
}
