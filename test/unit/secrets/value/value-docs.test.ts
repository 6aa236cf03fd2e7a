import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { Redacted } from "#runtime/redacted.ts";
import { mapSecretValue } from "#secrets/value/map-value.ts";
import { code, rowsOf, type ValueRow } from "../../../support/secret-docs.ts";

const DOCUMENT = readFileSync(new URL("../../../../docs/secrets.md", import.meta.url), "utf8");
const TAKEN = rowsOf(DOCUMENT, "taken");
const REFUSED = rowsOf(DOCUMENT, "refused");

function map({ stored, reference, use }: ValueRow) {
  return mapSecretValue(new Redacted(stored), reference, use);
}

test("the tables of the documentation are found", () => {
  expect(TAKEN.length).toBeGreaterThan(10);
  expect(REFUSED.length).toBeGreaterThan(60);
});

test.each(TAKEN)("docs/secrets.md says what becomes of $name", (row) => {
  const { value, note } = map(row);

  const shown = Object.entries(value).map(([key, text]) => [key, text.reveal()]);
  const [becomes = "", told] = row.said.split(", and a note: ");
  expect(Object.fromEntries(shown)).toEqual(JSON.parse(code(becomes)));
  expect(note).toBe(told);
});

test.each(REFUSED)("docs/secrets.md says why nobody takes $name", (row) => {
  expect(() => map(row)).toThrow(
    expect.objectContaining({ code: "secret-mapping", disposition: "reject", message: row.said }),
  );
});
