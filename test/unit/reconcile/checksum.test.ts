import { expect, test } from "@jest/globals";
import { canonicalJson } from "#reconcile/plan/canonical.ts";
import { checksumOf, fingerprintOf } from "#reconcile/plan/checksum.ts";
import { withLostGrants } from "#reconcile/plan/lost-grants.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { type ActualResource, type DesiredResource, NOTHING_KNOWN } from "#reconcile/state.ts";
import {
  actualState,
  definition,
  desiredState,
  endpoint,
  existing,
  leftBefore,
  secret,
} from "../../support/states.ts";

const DECLARED = [
  secret("openai-prod"),
  definition("gpt-4o", { model_name: "gpt-5" }),
  endpoint("chat"),
];
const ACTUAL = [
  existing(secret("openai-prod")),
  existing(definition("gpt-4o")),
  existing(definition("elsewhere"), { owner: "other" }),
];

function planOf(
  actual: readonly ActualResource[] = ACTUAL,
  { declared = DECLARED, prune = false, workspace = "default", owner = "search" } = {} as {
    readonly declared?: readonly DesiredResource[];
    readonly prune?: boolean;
    readonly workspace?: string;
    readonly owner?: string;
  },
) {
  return planChanges(
    desiredState(declared, { workspace, owner }),
    actualState(actual),
    leftBefore(NOTHING_KNOWN, actual, owner),
    { prune },
  ).plan;
}

test("canonical JSON has sorted keys and no undefined fields", () => {
  expect(canonicalJson({ b: [1, { d: undefined, c: null }], a: 'x"y', é: true })).toBe(
    '{"a":"x\\"y","b":[1,{"c":null}],"é":true}',
  );
  expect(canonicalJson([undefined, "a"])).toBe('[null,"a"]');
});

test("fingerprint and checksum are SHA-256 in hexadecimal", () => {
  const { fingerprint, checksum } = planOf();

  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(checksum).toMatch(/^[0-9a-f]{64}$/);
});

test("the checksum is of the owner, the workspace, prune and the changes", () => {
  const { checksum } = planOf();
  const others = [
    planOf(ACTUAL, { prune: true }),
    planOf(ACTUAL, { workspace: "team-a" }),
    planOf(ACTUAL, { declared: DECLARED.slice(0, 2) }),
    planOf([...ACTUAL.slice(0, 1), existing(definition("gpt-4o", { model_name: "o1" }))]),
  ];

  expect(planOf().checksum).toBe(checksum);
  for (const other of others) expect(other.checksum).not.toBe(checksum);
});

test("the checksum is of who uses what goes, and of what was granted on it", () => {
  const declared = [secret("spare")];
  const before = [existing(secret("openai-prod")), existing(secret("spare"))];
  const user = (name: string) => existing(definition(name), { owner: "other" });
  const deleting = (actual: readonly ActualResource[]) =>
    planOf(actual, { declared, prune: true }).checksum;
  const endpoints = [endpoint("chat", { models: [] }), endpoint("spare", { models: [] })];
  const plan = planOf(
    endpoints.map((one) => existing(one)),
    {
      declared: endpoints.slice(1),
      prune: true,
    },
  );
  const granted = (...grants: string[]) =>
    withLostGrants(plan, new Map([["id-of-chat", grants]])).checksum;

  const checksums = [
    deleting(before),
    deleting([...before, user("theirs")]),
    deleting([...before, user("theirs"), user("more")]),
    plan.checksum,
    granted("ada: USE"),
    granted("ada: USE", "bob: USE"),
  ];

  expect(new Set(checksums).size).toBe(checksums.length);
  expect(withLostGrants(plan, new Map()).checksum).toBe(plan.checksum);
  expect(withLostGrants(plan, undefined)).toBe(plan);
});

test("notices and resources that are not touched are not in the checksum", () => {
  const more = existing(secret("undeclared"));

  expect(planOf([...ACTUAL, more]).notices).toHaveLength(1);
  expect(planOf([...ACTUAL, more]).checksum).toBe(planOf().checksum);
});

test("an altered plan is told from the one that was made", () => {
  const plan = planOf();
  const [first] = plan.changes;

  for (const altered of [
    { ...plan, changes: [] },
    { ...plan, prune: true },
    { ...plan, fingerprint: "0".repeat(64) },
    { ...plan, changes: first ? [{ ...first, high_risk: "none" } as typeof first] : [] },
  ]) {
    expect(checksumOf(altered)).not.toBe(plan.checksum);
  }
  expect(checksumOf(JSON.parse(JSON.stringify(plan)))).toBe(plan.checksum);
});

test.each<[string, ActualResource[]]>([
  [
    "what it updates changed",
    [...ACTUAL.slice(0, 1), existing(definition("gpt-4o", { model_name: "o1" }))],
  ],
  ["what it updates is gone", ACTUAL.slice(0, 1)],
  ["what it creates exists", [...ACTUAL, existing(endpoint("chat"))]],
  [
    "what it needs was made again",
    [existing(secret("openai-prod"), { id: "s-2" }), ...ACTUAL.slice(1)],
  ],
])("the fingerprint is another one when %s", (_, actual) => {
  expect(fingerprintOf(planOf(), actualState(actual))).not.toBe(planOf().fingerprint);
});

test("the fingerprint is the same whatever else changes, and in whatever order things are listed", () => {
  const models = ["a", "b"].map((model_definition) => ({
    model_definition,
    linkage_type: "PRIMARY" as const,
  }));
  const chat = (list: typeof models) => existing(endpoint("chat", { models: list }));
  const declared = [
    definition("a", { secret: undefined }),
    definition("b", { secret: undefined }),
    endpoint("chat", { models, tags: { team: "x" } }),
  ];
  const plan = planOf([chat(models)], { declared });

  const reversed = [chat(models.toReversed())];
  expect(fingerprintOf(plan, actualState(reversed))).toBe(plan.fingerprint);
  const without = ACTUAL.slice(0, 2).toReversed();
  expect(fingerprintOf(planOf(), actualState(without))).toBe(planOf().fingerprint);
});
