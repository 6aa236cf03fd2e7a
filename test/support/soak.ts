/** How much of a test `npm run test:soak` runs, and how much every other run. */
export function rounds({ usual, soak }: { readonly usual: number; readonly soak: number }): number {
  return isSoak ? soak : usual;
}

const isSoak = process.env.GATEWAY_OPS_SOAK === "true";

/**
 * The seed of what is drawn: that of the environment, else of a soak one of its own and of all other
 * runs the same. It is printed, to repeat a run.
 */
export function seedFor(test: string): number {
  const given = process.env.GATEWAY_OPS_TEST_SEED;
  const seed = Number(given ?? (isSoak ? Date.now() % 2 ** 31 : 20_261_123));
  if (isSoak) process.stderr.write(`${test}: GATEWAY_OPS_TEST_SEED=${seed}\n`);
  return seed;
}
