import { expect, test } from "@jest/globals";
import type { Plan } from "#reconcile/change.ts";
import { countChanges, planDocument } from "#reconcile/plan/document.ts";
import type { GuardTrip } from "#reconcile/plan/guard.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { renderLines, renderMarkdown, renderText } from "#reconcile/plan/render.ts";
import { type DesiredResource, type Kind, NOTHING_KNOWN } from "#reconcile/state.ts";
import {
  actualState,
  budget,
  definition,
  desiredState,
  endpoint,
  existing,
  known,
  leftBefore,
  secret,
  unmarkedPolicy,
} from "../../support/states.ts";

const KINDS_IN_SCOPE: readonly Kind[] = ["secret", "model_definition", "endpoint"];

/** Something of everything. */
function aPlan() {
  const desired = desiredState(
    [
      secret(
        "new",
        { value_from: undefined, source_version: "version-2" },
        { previous_name: "old" },
      ),
      secret("moved", {
        auth_config: { api_base: "https://two.example/v1" },
        source_version: "version-2",
      }),
      definition("renamed", { secret: "new" }, { previous_name: "former" }),
      definition("unmarked", { secret: "moved" }),
      definition("puzzling", { secret: "moved" }),
    ],
    { in_scope: KINDS_IN_SCOPE },
  );
  const actual = actualState([
    existing(secret("old")),
    existing(
      secret("moved", {
        auth_config: { api_base: "https://one.example/v1" },
        source_version: "version-1",
      }),
    ),
    existing(definition("former", { secret: "old" })),
    existing(definition("unmarked", { secret: "moved" }), { owner: undefined }),
    existing(definition("puzzling", { secret: "moved" }), { unknown_values: ["x"] }),
    existing(secret("stale")),
    existing(endpoint("frozen", { models: [] })),
  ]);
  const knows = leftBefore(known({ frozen: ["endpoint/frozen"] }), actual.resources);
  const { plan, issues } = planChanges(desired, actual, knows, { prune: true });
  expect(issues).toEqual([]);
  return plan;
}

const TRIP: GuardTrip = {
  guard: "delete-all",
  message: "all 2 secrets would be deleted",
  is_approvable: true,
};

function planOf(declared: readonly DesiredResource[], reported: Parameters<typeof actualState>[0]) {
  const knows = leftBefore(NOTHING_KNOWN, reported);
  return planChanges(desiredState(declared), actualState(reported), knows, { prune: false }).plan;
}

/** As it is shown; what else is on the gateway is another test's. */
function documented(plan: Plan, trips: readonly GuardTrip[] = []) {
  return planDocument({
    server: "https://mlflow.example.com",
    desired: desiredState([]),
    actual: actualState([]),
    plan,
    trips,
  });
}

test("the text shows every change, what changes in it, and why one should look twice", () => {
  const plan = aPlan();

  expect(renderText(documented(plan, [TRIP]))).toBe(`\
Plan of the owner search in the workspace default
~ update secret/moved
    auth_config.api_base: https://one.example/v1 -> https://two.example/v1
    value: version version-1 -> version version-2
!   high risk: api_base changes: the provider key, which travels along, goes to two.example instead of one.example
+ create secret/new
    provider: openai
    value: version version-2
~ update model_definition/renamed (until now model_definition/former)
    name: former -> renamed
    secret: old -> new
= adopt model_definition/unmarked
- delete secret/old (renamed: there is a new one)
- delete secret/stale
blocked: model_definition/puzzling holds values that this version does not know (x): it can neither compare nor write them
note: endpoint/frozen stays as it is: no file that is valid speaks of it now
not in scope: budgets
refused: all 2 secrets would be deleted
Plan: 1 to create, 2 to update, 2 to delete, 1 to adopt, 1 blocked (checksum ${plan.checksum})
`);
});

test("each line has the style of what it is about, and no colour", () => {
  const styles = renderLines(documented(aPlan(), [TRIP])).map(({ style, text }) => [
    style,
    text.slice(0, 8),
  ]);

  expect(styles).toEqual([
    ["plain", "Plan of "],
    ["update", "~ update"],
    ["update", "    auth"],
    ["update", "    valu"],
    ["risk", "!   high"],
    ["create", "+ create"],
    ["create", "    prov"],
    ["create", "    valu"],
    ["update", "~ update"],
    ["update", "    name"],
    ["update", "    secr"],
    ["adopt", "= adopt "],
    ["delete", "- delete"],
    ["delete", "- delete"],
    ["refusal", "blocked:"],
    ["notice", "note: en"],
    ["notice", "not in s"],
    ["refusal", "refused:"],
    ["plain", "Plan: 1 "],
  ]);
});

test("Markdown has the numbers in a table and the rest in fences", () => {
  const plan = aPlan();
  const markdown = renderMarkdown(documented(plan, [TRIP]));

  expect(markdown).toContain(`checksum   ${plan.checksum}\n`);
  expect(markdown).toContain(`\
| | owned before | create | update | delete | adopt |
|---|--:|--:|--:|--:|--:|
| secrets | 3 | 1 | 1 | 2 | 0 |
| model definitions | 2 | 0 | 1 | 0 | 1 |
| endpoints | 1 | 0 | 0 | 0 | 0 |
| budgets | 0 | 0 | 0 | 0 | 0 |
`);
  expect(markdown).toContain("```diff\n! update secret/moved\n");
  expect(markdown).toContain("refused: all 2 secrets would be deleted\n```\n");
});

test("a plan without changes says so", () => {
  const plan = planOf([], []);

  expect(renderText(documented(plan))).toBe(`\
Plan of the owner search in the workspace default
Plan: 0 to create, 0 to update, 0 to delete, 0 to adopt (checksum ${plan.checksum})
`);
  expect(renderMarkdown(documented(plan))).toContain("There is nothing to change.");
  expect(renderMarkdown(documented(plan))).not.toContain("Remarks");
});

test("an adopted budget names the policy that it was", () => {
  const global = { target_scope: "GLOBAL", target_value: undefined } as const;
  const plan = planOf([budget("all", global)], [unmarkedPolicy("bp-1", global)]);

  expect(renderText(documented(plan))).toContain("= adopt budget/all (until now budget/bp-1)\n");
});

test("what is new and what goes away is shown as such", () => {
  const plan = planOf(
    [endpoint("chat", { models: [], usage_tracking: true, tags: { a: "1 2", "b c": "" } })],
    [existing(endpoint("chat", { models: [], tags: { old: "x" } }))],
  );

  expect(renderText(documented(plan))).toContain(`\
~ update endpoint/chat
    usage_tracking: (none) -> true
    + tags.a: "1 2"
    + tags.b c: ""
    - tags.old: x
`);
});

test("a version of which nothing is known is named so", () => {
  const plan = planOf([secret("s", { source_version: "version-2" })], [existing(secret("s"))]);

  expect(renderText(documented(plan))).toContain("    value: unknown -> version version-2\n");
});

test("nothing is cut, however much it is", () => {
  const many = Array.from({ length: 500 }, (_, index) => secret(`s${index}`));
  const plan = planOf([...many, secret("long", { provider: "x".repeat(5_000) })], []);

  const lines = renderText(documented(plan)).split("\n");

  expect(lines.filter((line) => line.startsWith("+ create"))).toHaveLength(501);
  expect(lines).toContain(`    provider: ${"x".repeat(5_000)}`);
});

test("nothing from outside can colour, hide, begin a line, or leave a fence", () => {
  const nasty = "a\u001b[31m\n```\n| b |\u202e\u0000\u2028- delete secret/prod";
  const plan = planOf(
    [
      secret(nasty, { provider: nasty, auth_config: { [nasty]: nasty } }),
      endpoint("e", { models: [], tags: { [nasty]: nasty } }),
    ],
    [
      existing(endpoint("e", { models: [] })),
      existing(definition(nasty), { owner: "other", unknown_values: [nasty] }),
    ],
  );
  const trips = [{ ...TRIP, message: nasty }];
  const clean = renderText(documented(planOf([secret("a"), endpoint("e", { models: [] })], [])));

  const text = renderText(documented({ ...plan, owner: nasty, workspace: nasty }, trips));
  const markdown = renderMarkdown(documented({ ...plan, owner: nasty, workspace: nasty }, trips));

  expect(clean).not.toMatch(/\\u\{/);
  for (const rendered of [text, markdown]) {
    expect(rendered.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(rendered).toContain("\\u{1b}[31m");
    expect(rendered).not.toMatch(/^(- delete|\| b \|)/m);
  }
  expect(markdown.split("\n").filter((line) => /^ {0,3}```/.test(line))).toHaveLength(6);
});

test("changes are counted by action", () => {
  expect(countChanges(aPlan())).toEqual({ create: 1, update: 2, delete: 2, adopt: 1 });
});
