import { expect, test } from "@jest/globals";
import { groupBy } from "#runtime/group-by.ts";

test("groups keep the order of their items, and what has no key is left out", () => {
  const words = ["ape", "bee", "ant", "", "bat"];

  expect([...groupBy(words, ([first]) => first)]).toEqual([
    ["a", ["ape", "ant"]],
    ["b", ["bee", "bat"]],
  ]);
});

test("of each item only what is picked is kept", () => {
  const lengths = groupBy(
    ["a", "bb", "c"],
    ({ length }) => length,
    (word) => word.toUpperCase(),
  );

  expect([...lengths]).toEqual([
    [1, ["A", "C"]],
    [2, ["BB"]],
  ]);
});
