import { expect, test } from "@jest/globals";
import { ledgerId } from "#runtime/ledger-limits.ts";
import { shortened } from "#runtime/shortened.ts";

const bytesOf = (text: string) => Buffer.byteLength(text);

test.each(["", "a", "a".repeat(1024), "é".repeat(512), "😀".repeat(256)])(
  "what fits stays as it is",
  (text) => {
    expect(ledgerId(text)).toBe(text);
  },
);

test.each([
  ["a".repeat(1025), 1024],
  [`${"é".repeat(512)}a`, 1024],
  ["😀".repeat(1000), 1022],
  [`aa${"😀".repeat(1000)}`, 1024],
])("what is longer keeps its beginning, and ends with a digest", (text, bytes) => {
  const id = ledgerId(text);

  expect(bytesOf(id)).toBeLessThanOrEqual(1024);
  expect(bytesOf(id)).toBeGreaterThan(bytes - 4);
  expect(id).toMatch(/-[0-9a-f]{64}$/);
  expect(text.startsWith(id.slice(0, -65))).toBe(true);
  expect(ledgerId(text)).toBe(id);
});

test("texts that differ only in their ends have names of their own", () => {
  const beginning = "x".repeat(2000);
  const ids = ["a", "b", "ab", ""].map((end) => shortened(`${beginning}${end}`, 100));

  expect(new Set(ids).size).toBe(4);
  expect(ids.every((id) => bytesOf(id) === 100)).toBe(true);
});
