import { expect, test } from "@jest/globals";
import { locator, withoutPlaces } from "#manifest/locate.ts";

const findings = Array.from({ length: 130 }, (_, index) => ({
  rule: "later",
  path: ["secrets", index],
  message: `is wrong\u001b[31m`,
}));

test("where places cannot be told all else is told as ever, and no more of it", async () => {
  const [located, unlocated] = [
    await locator("secrets: []\n")(findings, 7),
    withoutPlaces(findings, 7),
  ];

  expect(unlocated).toEqual(located);
  expect(unlocated).toHaveLength(101);
  expect(unlocated[100]).toMatchObject({ hidden: 37, line: 1, column: 1 });
});
