import { expect, test } from "@jest/globals";
import { patternsOf } from "#manifest/patterns.ts";

test.each([
  ["ab", "ab", true],
  ["ab", "abc", false],
  ["a*b", "ab", true],
  ["a*b", "a-b-b", true],
  ["a*b", "a", false],
  ["aba*aba", "aba", false],
  ["*a*b*", "xaxbx", true],
  ["*a*b*", "xbxax", false],
  ["a.c", "abc", false],
  ["a*b*c", "a-c", false],
  ["a**c", "a-c", true],
  ["*", "", true],
  ["", "", true],
  ["[a-z]", "b", false],
  ["?", "b", false],
])("the pattern %s and the name %s", (pattern, name, expected) => {
  expect(patternsOf(["other", pattern]).allow(name)).toBe(expected);
});

test("nothing is allowed by no pattern", () => {
  expect(patternsOf().allow("")).toBe(false);
  expect(patternsOf([]).allow("a")).toBe(false);
});

test("no pattern takes long, whatever it is and whatever it is compared with", () => {
  const stars = patternsOf([
    `${"*a".repeat(500)}b`,
    `${"*".repeat(1000)}b`,
    `*${"ab*".repeat(300)}`,
  ]);
  const started = performance.now();

  for (let round = 0; round < 1000; round += 1) expect(stars.allow("a".repeat(255))).toBe(false);

  expect(performance.now() - started).toBeLessThan(2000);
});
