import { expect, test } from "@jest/globals";
import type { ModelDefinition } from "#gateway/types.ts";
import { budgetNameOf, ownerOf } from "#reconcile/owner.ts";
import { budgetMark, ownerMark } from "#runtime/marks.ts";
import { aPolicy } from "../../support/builders.ts";

const DEFINITION: ModelDefinition = {
  model_definition_id: "d-1",
  name: "gpt-4o",
  provider: "openai",
  model_name: "gpt-4o",
  created_at: 1,
  last_updated_at: 1,
};

test("a resource is its creator's, else that of whoever adopted it, else nobody's", () => {
  const of = (created_by: string, last_updated_by: string) =>
    ownerOf({ ...DEFINITION, created_by, last_updated_by });

  expect(of(ownerMark("a"), ownerMark("b"))).toEqual({ owner: "a" });
  expect(of("somebody", ownerMark("b"))).toEqual({ owner: "b" });
  expect(of("somebody", "somebody")).toEqual({});
});

test.each<[string | undefined, string | undefined, ReturnType<typeof budgetNameOf>]>([
  [budgetMark("a", "x"), undefined, { owner: "a", name: "x" }],
  [budgetMark("a", "x"), budgetMark("a", "y"), { owner: "a", name: "y" }],
  ["somebody", budgetMark("a", "y"), { owner: "a", name: "y" }],
  [budgetMark("a", "x/y"), "somebody", { owner: "a", name: "x/y" }],
  [budgetMark("a", "x"), ownerMark("a"), { owner: "a", name: "x" }],
  ["somebody", "somebody", undefined],
  [undefined, undefined, undefined],
  ["gwops:/x", "gwops:a/", undefined],
])(
  "the name of a budget is in the newer of its marks: %s, %s",
  (created_by, updated_by, expected) => {
    const policy = aPolicy({
      ...(created_by === undefined ? {} : { created_by }),
      ...(updated_by === undefined ? {} : { last_updated_by: updated_by }),
    });

    expect(budgetNameOf(policy)).toEqual(expected);
  },
);
