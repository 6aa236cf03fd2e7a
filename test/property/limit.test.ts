import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { mapLimited } from "#runtime/limit.ts";

/** Hundreds of runs, on a machine that may be busy with others. */
jest.setTimeout(60_000);

test("whatever the items take, the bound is used and never exceeded, and results keep their order", async () => {
  const turns = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(turns, fc.integer({ min: 1, max: 8 }), async (items, concurrency) => {
      let underWay = 0;
      let most = 0;

      const results = await mapLimited(items, concurrency, async (count, index) => {
        underWay += 1;
        most = Math.max(most, underWay);
        for (let turn = 0; turn <= count; turn += 1) await Promise.resolve();
        underWay -= 1;
        return `${index}: ${count}`;
      });

      expect(most).toBe(Math.min(concurrency, items.length));
      expect(results).toEqual(items.map((count, index) => `${index}: ${count}`));
    }),
    { numRuns: 300 },
  );
});
