import { expect, test } from "@jest/globals";
import { painter, wantsColour } from "#cli/output/style.ts";

const terminal = { write: () => undefined, isTTY: true };
const pipe = { write: () => undefined, isTTY: false };

test.each([
  [terminal, {}, [], true],
  [pipe, {}, [], false],
  [terminal, { NO_COLOR: "1" }, [], false],
  [terminal, { NO_COLOR: "" }, [], true],
  [terminal, { TERM: "dumb" }, [], false],
  [pipe, { FORCE_COLOR: "1" }, [], true],
  [terminal, { FORCE_COLOR: "0" }, [], false],
  [pipe, { FORCE_COLOR: "1", NO_COLOR: "1" }, [], true],
  [terminal, { FORCE_COLOR: "1" }, ["--no-color"], false],
])("%j with %j and %j: colour is %s", (output, env, argv, expected) => {
  expect(wantsColour(argv, env, output)).toBe(expected);
});

test("without colour a text stays as it is", () => {
  expect(painter(false)("delete", "text")).toBe("text");
  expect(painter(true)("delete", "text")).toBe("\u001b[31mtext\u001b[0m");
});
