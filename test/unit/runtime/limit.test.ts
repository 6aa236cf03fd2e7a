import { expect, test } from "@jest/globals";
import { mapLimited } from "#runtime/limit.ts";

test("results keep the order of the items, whoever ends first", async () => {
  const results = await mapLimited([30, 1, 15], 3, async (durationMs, index) => {
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    return `${index}: ${durationMs}`;
  });

  expect(results).toEqual(["0: 30", "1: 1", "2: 15"]);
});

test("as many calls as allowed are under way at once, and no more", async () => {
  let underWay = 0;
  let most = 0;

  await mapLimited(Array.from({ length: 20 }), 4, async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
  });

  expect(most).toBe(4);
});

test("nothing is mapped to nothing", async () => {
  expect(await mapLimited([], 8, () => Promise.reject(new Error("never called")))).toEqual([]);
});

test("the first failure is thrown", async () => {
  const map = (item: number) =>
    item === 2 ? Promise.reject(new Error("the second failed")) : Promise.resolve(item);

  await expect(mapLimited([1, 2, 3], 1, map)).rejects.toThrow("the second failed");
});

test.each([0, 9, 16, Number.NaN])("a concurrency of %d is refused", async (concurrency) => {
  await expect(mapLimited([1], concurrency, Promise.resolve)).rejects.toThrow(
    `concurrency must be 1 to 8, got ${concurrency}`,
  );
});
