import { expect, test } from "@jest/globals";
import { publish } from "../../scripts/client/declarations.ts";

test("imports become relative paths of JavaScript files", () => {
  const { text, files } = publish(
    [
      'import { inspect } from "node:util";',
      'import { type Clock } from "#runtime/clock.ts";',
      'export * from "./types.ts";',
      'export type A = import("../runtime/errors.ts").Disposition;',
      'import "./side.ts";',
      '/** See "retry.ts". */',
    ].join("\n"),
    "gateway/public.d.ts",
  );
  expect(text).toBe(
    [
      'import { inspect } from "node:util";',
      'import { type Clock } from "../runtime/clock.js";',
      'export * from "./types.js";',
      'export type A = import("../runtime/errors.js").Disposition;',
      'import "./side.js";',
      '/** See "retry.ts". */',
    ].join("\n"),
  );
  expect(files).toEqual([
    "runtime/clock.d.ts",
    "gateway/types.d.ts",
    "runtime/errors.d.ts",
    "gateway/side.d.ts",
  ]);
});

test("a declaration in the same folder is named with a dot", () => {
  expect(publish('export { A } from "#gateway/a.ts";', "gateway/b.d.ts").text).toBe(
    'export { A } from "./a.js";',
  );
});

test("an import of another package is refused", () => {
  expect(() => publish('import { z } from "zod";', "gateway/a.d.ts")).toThrow(
    'the declarations of the client import "zod" in gateway/a.d.ts',
  );
});
