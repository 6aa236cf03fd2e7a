import { expect, test } from "@jest/globals";
import { fieldOf } from "#reconcile/change.ts";
import { compareFields } from "#reconcile/plan/compare.ts";
import { describeChange } from "#reconcile/plan/text.ts";
import type {
  ActualResource,
  DesiredResource,
  EndpointFields,
  EndpointGuardrail,
  EndpointModel,
} from "#reconcile/state.ts";
import {
  aGuardrail,
  budget,
  definition,
  endpoint as endpointNamed,
  existing,
  secret,
} from "../../support/states.ts";

function endpoint(fields: Partial<EndpointFields>) {
  return endpointNamed("chat", fields);
}

const PRIMARY = { model_definition: "a", linkage_type: "PRIMARY" } as const;
const SECRET = secret("openai-prod", {
  auth_config: { a: "1", b: "2" },
  value_from: { secrets_manager: "prod/openai" },
  source_version: "version-1",
});
const BUDGET = budget("chat-monthly", { thresholds: [0.5, 1], labels: { team: "search" } });
const DEFINITION = definition("gpt-4o");
const CHAT = endpoint({
  models: [
    { model_definition: "b", linkage_type: "PRIMARY", weight: 0.7 },
    { model_definition: "a", linkage_type: "PRIMARY", weight: 0.3 },
    { model_definition: "a", linkage_type: "FALLBACK", fallback_order: 1 },
  ],
  tags: { team: "search" },
  fallback_config: { strategy: "SEQUENTIAL", max_attempts: 2 },
  usage_tracking: true,
});

test.each<DesiredResource>([SECRET, DEFINITION, BUDGET, CHAT])(
  "a resource does not differ from itself: %#",
  (resource) => {
    expect(compareFields(resource, existing(resource))).toEqual([]);
  },
);

test.each<[string, DesiredResource, ActualResource]>([
  [
    "the order of models",
    CHAT,
    existing(CHAT, { fields: { models: [...modelsOf(CHAT)].reverse() } }),
  ],
  [
    "what a weight loses as a 32-bit float",
    CHAT,
    existing(CHAT, {
      fields: { models: modelsOf(CHAT).map((m) => ({ ...m, weight: Math.fround(m.weight ?? 1) })) },
    }),
  ],
  [
    "a weight that the server answers with fewer digits, at the edge of a decimal",
    endpoint({ models: [{ ...PRIMARY, weight: 0.21186048537492755 }] }),
    existing(endpoint({ models: [{ ...PRIMARY, weight: 0.2118605 }] })),
  ],
  [
    "a weight that is 1 because nobody said so",
    endpoint({}),
    existing(endpoint({}), {
      fields: { models: modelsOf(endpoint({})).map((model) => ({ ...model, weight: 1 })) },
    }),
  ],
  [
    "the weight that the server gives a FALLBACK model",
    CHAT,
    existing(CHAT, { fields: { models: modelsOf(CHAT).map((m) => ({ weight: 1, ...m })) } }),
  ],
  [
    "the place of a PRIMARY model among fallbacks",
    endpoint({ models: [{ ...PRIMARY, fallback_order: 3 }] }),
    existing(endpoint({ models: [PRIMARY] })),
  ],
  [
    "the order of the keys of a map",
    SECRET,
    existing(SECRET, { fields: { auth_config: { b: "2", a: "1" } } }),
  ],
  [
    "tags of ours and of MLflow",
    CHAT,
    existing(CHAT, {
      fields: { tags: { "gwops/owner": "search", "mlflow.note": "x", team: "search" } },
    }),
  ],
  [
    "tags when the manifest states none at all",
    endpoint({}),
    existing(endpoint({ tags: { team: "other" } })),
  ],
  [
    "the order of bindings",
    endpoint({ bindings: [scorer("a"), scorer("b")] }),
    existing(endpoint({ bindings: [scorer("b"), scorer("a")] })),
  ],
  [
    "what a manifest does not say of a guardrail",
    endpoint({ guardrails: [{ name: "pii" }] }),
    existing(endpoint({ guardrails: [{ ...aGuardrail(), execution_order: 3 }] })),
  ],
  [
    "the version of a scorer when any will do",
    endpoint({ guardrails: [{ name: "pii", scorer: { experiment: "judges", name: "pii" } }] }),
    existing(endpoint({ guardrails: [aGuardrail()] })),
  ],
  [
    "the order of guardrails that state none",
    endpoint({ guardrails: [{ name: "tone" }, { name: "pii" }] }),
    existing(endpoint({ guardrails: [aGuardrail(), aGuardrail({ name: "tone" })] })),
  ],
  ["a version when the source's is not known", secret("openai-prod"), existing(SECRET)],
  [
    "fields that the manifest does not state",
    endpoint({}),
    existing(endpoint({}), {
      fields: {
        routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
        fallback_config: { strategy: "SEQUENTIAL" },
        usage_tracking: false,
      },
    }),
  ],
  [
    "a fallback limit that the manifest does not state",
    endpoint({ fallback_config: { strategy: "SEQUENTIAL" } }),
    existing(endpoint({}), {
      fields: { fallback_config: { strategy: "SEQUENTIAL", max_attempts: 9 } },
    }),
  ],
])("no difference is seen in %s", (_, desired, actual) => {
  expect(compareFields(desired, actual)).toEqual([]);
});

test.each<[string, DesiredResource, ActualResource, unknown]>([
  [
    "another version of the value",
    SECRET,
    existing(SECRET, { fields: { source_version: "version-0" } }),
    [{ path: "source_version", before: "version-0", after: "version-1" }],
  ],
  [
    "a value that somebody may have written by hand",
    SECRET,
    existing(SECRET, { fields: { source_version: undefined } }),
    [{ path: "source_version", before: undefined, after: "version-1" }],
  ],
  [
    "a setting that is too much",
    SECRET,
    existing(SECRET, { fields: { auth_config: { a: "1", b: "2", c: "3" } } }),
    [{ path: "auth_config.c", before: "3", after: undefined }],
  ],
  [
    "a tag",
    CHAT,
    existing(CHAT, { fields: { tags: { team: "other" } } }),
    [{ path: "tags.team", before: "other", after: "search" }],
  ],
  [
    "a tag that is too much, and one of which the name is a word of JavaScript",
    endpoint({ tags: { constructor: "x" } }),
    existing(endpoint({ tags: { team: "search" } })),
    [
      { path: "tags.constructor", before: undefined, after: "x" },
      { path: "tags.team", before: "search", after: undefined },
    ],
  ],
  [
    "bindings",
    endpoint({ bindings: [scorer("b"), scorer("a")] }),
    existing(endpoint({ bindings: [scorer("c")] })),
    [
      { path: "bindings[0]", before: undefined, after: "scorer b" },
      { path: "bindings[1]", before: undefined, after: "scorer a" },
      { path: "bindings[0]", before: "scorer c", after: undefined },
    ],
  ],
  [
    "bindings that are all to go",
    endpoint({ bindings: [] }),
    existing(endpoint({ bindings: [scorer("c")] })),
    [{ path: "bindings[0]", before: "scorer c", after: undefined }],
  ],
  [
    "an experiment that is to be made",
    endpoint({ experiment: "gateway/chat" }),
    existing(endpoint({ experiment_id: "2" })),
    [{ path: "experiment", before: "#2", after: "gateway/chat" }],
  ],
  [
    "an experiment by id",
    endpoint({ experiment_id: "1" }),
    existing(endpoint({ experiment_id: "2" })),
    [{ path: "experiment_id", before: "2", after: "1" }],
  ],
  [
    "the secret of a model definition",
    DEFINITION,
    existing(DEFINITION, { fields: { secret: undefined } }),
    [{ path: "secret", before: undefined, after: "openai-prod" }],
  ],
  [
    "labels",
    BUDGET,
    existing(BUDGET, { fields: { labels: {} } }),
    [{ path: "labels.team", before: undefined, after: "search" }],
  ],
  [
    "a tag that is missing",
    CHAT,
    existing(CHAT, { fields: { tags: undefined } }),
    [{ path: "tags.team", before: undefined, after: "search" }],
  ],
  [
    "the fallback",
    CHAT,
    existing(CHAT, { fields: { fallback_config: {} } }),
    [
      { path: "fallback_config.strategy", before: undefined, after: "SEQUENTIAL" },
      { path: "fallback_config.max_attempts", before: undefined, after: 2 },
    ],
  ],
  [
    "tracking",
    CHAT,
    existing(CHAT, { fields: { usage_tracking: false } }),
    [{ path: "usage_tracking", before: false, after: true }],
  ],
  [
    "a duration",
    BUDGET,
    existing(BUDGET, { fields: { duration: { unit: "MONTHS", value: 2 } } }),
    [
      {
        path: "duration",
        before: { unit: "MONTHS", value: 2 },
        after: { unit: "MONTHS", value: 1 },
      },
    ],
  ],
  [
    "thresholds",
    BUDGET,
    existing(BUDGET, { fields: { thresholds: undefined } }),
    [{ path: "thresholds", before: undefined, after: [0.5, 1] }],
  ],
])("a difference is seen in %s", (_, desired, actual, expected) => {
  expect(compareFields(desired, actual)).toEqual(expected);
});

test.each<[string, ReturnType<typeof modelsOf>]>([
  ["a weight", modelsOf(CHAT).map((model) => ({ ...model, weight: 0.5 }))],
  ["a model less", modelsOf(CHAT).slice(1)],
  ["no model at all", []],
  ["a way of linking", modelsOf(CHAT).map((m) => ({ ...m, linkage_type: "PRIMARY" as const }))],
  ["the order of fallbacks", modelsOf(CHAT).map((model) => ({ ...model, fallback_order: 2 }))],
])("a difference is seen in the models: %s", (_, models) => {
  const changes = compareFields(CHAT, existing(CHAT, { fields: { models } }));

  expect(new Set(changes.map(fieldOf))).toEqual(new Set(["models"]));
});

test.each<[string, EndpointGuardrail]>([
  ["the name", { name: "tone" }],
  ["the stage", { name: "pii", stage: "AFTER" }],
  ["the action", { name: "pii", action: "SANITIZATION" }],
  ["the scorer", { name: "pii", scorer: { experiment: "judges", name: "other" } }],
  ["the experiment", { name: "pii", scorer: { experiment: "other", name: "pii" } }],
  ["the version", { name: "pii", scorer: { experiment: "judges", name: "pii", version: 2 } }],
  ["the endpoint that rewrites", { name: "pii", action_endpoint: "cleaner" }],
  ["the order", { name: "pii", execution_order: 2 }],
])("a difference is seen in the guardrails: %s", (_, guardrail) => {
  const actual = existing(endpoint({ guardrails: [{ ...aGuardrail(), execution_order: 1 }] }));

  const changes = compareFields(endpoint({ guardrails: [guardrail] }), actual);

  expect(new Set(changes.map(fieldOf))).toEqual(new Set(["guardrails"]));
});

/** Three PRIMARY and two FALLBACK models, not in the order in which a server would list them. */
const FIVE: readonly EndpointModel[] = [
  { model_definition: "north", linkage_type: "PRIMARY", weight: 0.5 },
  { model_definition: "east", linkage_type: "PRIMARY", weight: 0.2 },
  { model_definition: "west", linkage_type: "PRIMARY", weight: 0.3 },
  { model_definition: "first", linkage_type: "FALLBACK", fallback_order: 1 },
  { model_definition: "good", linkage_type: "FALLBACK", fallback_order: 2 },
];

const [NORTH, EAST, WEST, FIRST, GOOD] = FIVE as [
  EndpointModel,
  EndpointModel,
  EndpointModel,
  EndpointModel,
  EndpointModel,
];

test.each<[string, readonly EndpointModel[], readonly string[]]>([
  ["nothing, when they only moved", [GOOD, WEST, FIRST, EAST, NORTH], []],
  [
    "the last one exchanged",
    [NORTH, EAST, WEST, FIRST, { ...GOOD, model_definition: "bad" }],
    ["models[4]: good -> bad"],
  ],
  [
    "the last one exchanged, while all moved",
    [{ ...GOOD, model_definition: "bad" }, FIRST, WEST, EAST, NORTH],
    ["models[0]: good -> bad"],
  ],
  [
    "a weight",
    [NORTH, EAST, { ...WEST, weight: 0.5 }, FIRST, GOOD],
    ["models[2].weight: 0.3 -> 0.5"],
  ],
  [
    "two fallbacks in the other order",
    [NORTH, EAST, WEST, { ...FIRST, fallback_order: 2 }, { ...GOOD, fallback_order: 1 }],
    ["models[3].fallback_order: 1 -> 2", "models[4].fallback_order: 2 -> 1"],
  ],
  [
    "one more in the middle",
    [NORTH, EAST, { ...EAST, model_definition: "south", weight: 0.1 }, WEST, FIRST, GOOD],
    ["+ models[2]: { model_definition: south, linkage_type: PRIMARY, weight: 0.1 }"],
  ],
  [
    "one less",
    [NORTH, WEST, FIRST, GOOD],
    ["- models[1]: { model_definition: east, linkage_type: PRIMARY, weight: 0.2 }"],
  ],
  [
    "another model with another weight",
    [NORTH, { ...EAST, model_definition: "south", weight: 0.1 }, WEST, FIRST, GOOD],
    [
      "+ models[1]: { model_definition: south, linkage_type: PRIMARY, weight: 0.1 }",
      "- models[1]: { model_definition: east, linkage_type: PRIMARY, weight: 0.2 }",
    ],
  ],
  [
    "a model that is linked in another way",
    [NORTH, EAST, WEST, FIRST, { model_definition: "good", linkage_type: "PRIMARY" }],
    [
      "+ models[4]: { model_definition: good, linkage_type: PRIMARY, weight: 1 }",
      "- models[4]: { model_definition: good, linkage_type: FALLBACK, fallback_order: 2 }",
    ],
  ],
])("of five models %s is shown, and nothing else", (_, models, expected) => {
  const changes = compareFields(endpoint({ models }), existing(endpoint({ models: FIVE })));

  expect(changes.map(describeChange)).toEqual(expected);
});

test.each<[string, DesiredResource, ActualResource, readonly string[]]>([
  [
    "settings of a secret",
    secret("s", { auth_config: { api_base: "https://two.example", b: "2", "c.d": "4" } }),
    existing(secret("s", { auth_config: { api_base: "https://one.example", a: "1", b: "2" } })),
    [
      "- auth_config.a: 1",
      "auth_config.api_base: https://one.example -> https://two.example",
      "+ auth_config.c.d: 4",
    ],
  ],
  [
    "where a value comes from",
    secret("s", { value_from: { secrets_manager: "b", keys: { api_key: "/x", other: "y" } } }),
    existing(secret("s", { value_from: { secrets_manager: "a", keys: { api_key: "x" } } })),
    [
      "value_from.keys.api_key: x -> /x",
      "+ value_from.keys.other: y",
      "value_from.secrets_manager: a -> b",
    ],
  ],
  [
    "thresholds, in any order",
    budget("b", { thresholds: [1, 0.8, 0.5] }),
    existing(budget("b", { thresholds: [0.5, 0.9, 1] })),
    ["+ thresholds[1]: 0.8", "- thresholds[1]: 0.9"],
  ],
  [
    "that there shall be no thresholds, where nobody stated any",
    budget("b", { thresholds: [] }),
    existing(budget("b", { thresholds: undefined })),
    ["thresholds: (none) -> []"],
  ],
  [
    "labels",
    budget("b", { labels: { team: "search", stage: "prod" } }),
    existing(budget("b", { labels: { team: "chat", cost: "1" } })),
    ["- labels.cost: 1", "+ labels.stage: prod", "labels.team: chat -> search"],
  ],
  [
    "a value of any length, whole",
    endpoint({ tags: { note: `${"x".repeat(5_000)}b` } }),
    existing(endpoint({ tags: { note: `${"x".repeat(5_000)}a` } })),
    [`tags.note: ${"x".repeat(5_000)}a -> ${"x".repeat(5_000)}b`],
  ],
])("each element has a line of its own: %s", (_, desired, actual, expected) => {
  expect(compareFields(desired, actual).map(describeChange)).toEqual(expected);
});

test("comparing a long list takes as long as it is, and no longer", () => {
  const models = Array.from({ length: 20_000 }, (_, index) => ({
    model_definition: `m${index}`,
    linkage_type: "FALLBACK" as const,
    fallback_order: index,
  }));
  // Of this process: others may be using the processor.
  const started = process.cpuUsage();

  const others = models.map((model) => ({
    ...model,
    model_definition: `x${model.fallback_order}`,
  }));
  const changes = compareFields(endpoint({ models: others }), existing(endpoint({ models })));

  expect(changes).toHaveLength(20_000);
  expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
});

test("of a guardrail each part that is stated is compared; one that goes is shown in words", () => {
  const actual = existing(endpoint({ guardrails: [aGuardrail()] }));
  const desired = endpoint({
    guardrails: [
      {
        name: "pii",
        scorer: { experiment: "judges", name: "pii" },
        stage: "AFTER",
        action: "SANITIZATION",
        action_endpoint: "cleaner",
        execution_order: 1,
      },
    ],
  });

  expect(compareFields(desired, actual)).toEqual([
    { path: "guardrails[0].stage", before: "BEFORE", after: "AFTER" },
    { path: "guardrails[0].action", before: "VALIDATION", after: "SANITIZATION" },
    { path: "guardrails[0].action_endpoint", before: undefined, after: "cleaner" },
    { path: "guardrails[0].execution_order", before: undefined, after: 1 },
  ]);
  expect(compareFields(endpoint({ guardrails: [] }), actual)).toEqual([
    {
      path: "guardrails[0]",
      before: "pii BEFORE VALIDATION by judges/pii version 1",
      after: undefined,
    },
  ]);
});

test("a guardrail too many or too few is a difference", () => {
  const [one, two] = [{ name: "pii" }, { name: "tone" }];
  const both = existing(endpoint({ guardrails: [aGuardrail(), aGuardrail({ name: "tone" })] }));

  expect(compareFields(endpoint({ guardrails: [one] }), both)).toHaveLength(1);
  expect(compareFields(endpoint({ guardrails: [one, two] }), existing(endpoint({})))).toHaveLength(
    2,
  );
  expect(compareFields(endpoint({ guardrails: [one, one] }), both)).toHaveLength(2);
});

test("an experiment is the same when its name has the actual id", () => {
  const desired = endpoint({ experiment: "gateway/chat" });
  const actual = existing(endpoint({ experiment_id: "7" }));

  expect(compareFields(desired, actual, new Map([["gateway/chat", "7"]]))).toEqual([]);
  expect(
    compareFields(
      desired,
      actual,
      new Map([
        ["gateway/chat", "8"],
        ["gateway/old", "7"],
      ]),
    ),
  ).toEqual([{ path: "experiment", before: "gateway/old", after: "gateway/chat" }]);
});

test("a changed weight is shown as people write it", () => {
  const actual = existing(CHAT, { fields: { models: [{ ...PRIMARY, weight: Math.fround(0.1) }] } });

  const [change] = compareFields(endpoint({ models: [{ ...PRIMARY, weight: 0.7 }] }), actual);

  expect(change).toEqual({ path: "models[0].weight", before: 0.1, after: 0.7 });
});

function modelsOf({ fields }: { readonly fields: EndpointFields }) {
  return fields.models;
}

function scorer(resource_id: string) {
  return { resource_type: "scorer", resource_id } as const;
}
