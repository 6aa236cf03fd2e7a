import { expect, test } from "@jest/globals";
import { compareFields } from "#reconcile/plan/compare.ts";
import type {
  ActualResource,
  DesiredResource,
  EndpointFields,
  EndpointGuardrail,
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
    [
      {
        path: "auth_config",
        before: { a: "1", b: "2", c: "3" },
        after: { a: "1", b: "2" },
      },
    ],
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
    [{ path: "bindings", before: ["scorer c"], after: ["scorer a", "scorer b"] }],
  ],
  [
    "bindings that are all to go",
    endpoint({ bindings: [] }),
    existing(endpoint({ bindings: [scorer("c")] })),
    [{ path: "bindings", before: ["scorer c"], after: [] }],
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
    [{ path: "labels", before: {}, after: { team: "search" } }],
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

  expect(changes.map(({ path }) => path)).toEqual(["models"]);
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

  expect(changes.map(({ path }) => path)).toEqual(["guardrails"]);
});

test("guardrails are shown in words: what is there, and what is stated", () => {
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
    {
      path: "guardrails",
      before: ["pii BEFORE VALIDATION by judges/pii version 1"],
      after: ["pii AFTER SANITIZATION by judges/pii rewritten by cleaner order 1"],
    },
  ]);
});

test("a guardrail too many or too few is a difference", () => {
  const [one, two] = [{ name: "pii" }, { name: "tone" }];
  const both = existing(endpoint({ guardrails: [aGuardrail(), aGuardrail({ name: "tone" })] }));

  expect(compareFields(endpoint({ guardrails: [one] }), both)).toHaveLength(1);
  expect(compareFields(endpoint({ guardrails: [one, two] }), existing(endpoint({})))).toHaveLength(
    1,
  );
  expect(compareFields(endpoint({ guardrails: [one, one] }), both)).toHaveLength(1);
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

  expect(change).toMatchObject({ before: [{ weight: 0.1 }], after: [{ weight: 0.7 }] });
});

function modelsOf({ fields }: { readonly fields: EndpointFields }) {
  return fields.models;
}

function scorer(resource_id: string) {
  return { resource_type: "scorer", resource_id } as const;
}
