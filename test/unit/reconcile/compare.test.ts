import { expect, test } from "@jest/globals";
import type { Manifest, ManifestEndpoint } from "#manifest/types.ts";
import { compareFields } from "#reconcile/compare.ts";
import type { ActualResource, DesiredResource } from "#reconcile/state.ts";
import { aBudget, anEndpoint, aSecret, asActual, desiredOf } from "../../support/builders.ts";

function declared(manifest: Omit<Manifest, "version">): DesiredResource {
  const [resource] = desiredOf({ version: 1, ...manifest }).resources;
  if (!resource) throw new Error("the manifest declares nothing");
  return resource;
}

function endpoint(changes: Partial<ManifestEndpoint>) {
  return declared({ endpoints: [anEndpoint(changes)] });
}

const PRIMARY = { model_definition: "a", linkage_type: "PRIMARY" } as const;
const SECRET = declared({ secrets: [aSecret({ auth_config: { a: "1", b: "2" } })] });
const BUDGET = declared({ budgets: [aBudget({ alerts: { thresholds: [0.5, 1] } })] });
const CHAT = endpoint({
  models: [
    { model_definition: "b", linkage_type: "PRIMARY", weight: 0.7 },
    { model_definition: "a", linkage_type: "PRIMARY", weight: 0.3 },
    { model_definition: "a", linkage_type: "FALLBACK", fallback_order: 1 },
  ],
  tags: { team: "search" },
  fallback_config: { max_attempts: 2 },
  usage_tracking: true,
});

test.each([SECRET, BUDGET, CHAT])("a resource does not differ from itself: %#", (resource) => {
  expect(compareFields(resource, asActual(resource))).toEqual([]);
});

test.each<[string, DesiredResource, ActualResource]>([
  [
    "the order of models",
    CHAT,
    asActual(CHAT, { fields: { models: [...modelsOf(CHAT)].reverse() } }),
  ],
  [
    "what a weight loses as a 32-bit float",
    CHAT,
    asActual(CHAT, {
      fields: { models: modelsOf(CHAT).map((m) => ({ ...m, weight: Math.fround(m.weight ?? 1) })) },
    }),
  ],
  [
    "a weight that the server answers with fewer digits, at the edge of a decimal",
    endpoint({ models: [{ ...PRIMARY, weight: 0.21186048537492755 }] }),
    asActual(endpoint({ models: [{ ...PRIMARY, weight: 0.2118605 }] })),
  ],
  [
    "a weight that is 1 because nobody said so",
    endpoint({}),
    asActual(endpoint({}), {
      fields: { models: modelsOf(endpoint({})).map((model) => ({ ...model, weight: 1 })) },
    }),
  ],
  [
    "the weight that the server gives a FALLBACK model",
    CHAT,
    asActual(CHAT, { fields: { models: modelsOf(CHAT).map((m) => ({ weight: 1, ...m })) } }),
  ],
  [
    "the place of a PRIMARY model among fallbacks",
    endpoint({ models: [{ ...PRIMARY, fallback_order: 3 }] }),
    asActual(endpoint({ models: [PRIMARY] })),
  ],
  [
    "the order of the keys of a map",
    SECRET,
    asActual(SECRET, { fields: { auth_config: { b: "2", a: "1" } } }),
  ],
  [
    "a tag that the manifest does not state",
    CHAT,
    asActual(CHAT, { fields: { tags: { "gwops/owner": "search", team: "search" } } }),
  ],
  [
    "fields that the manifest does not state",
    endpoint({}),
    asActual(endpoint({}), {
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
    asActual(endpoint({}), {
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
    asActual(SECRET, { fields: { source_version: "version-0" } }),
    [{ path: "source_version", before: "version-0", after: "version-1" }],
  ],
  [
    "a value that somebody may have written by hand",
    SECRET,
    asActual(SECRET, { fields: { source_version: undefined } }),
    [{ path: "source_version", before: undefined, after: "version-1" }],
  ],
  [
    "a setting that is too much",
    SECRET,
    asActual(SECRET, { fields: { auth_config: { a: "1", b: "2", c: "3" } } }),
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
    asActual(CHAT, { fields: { tags: { team: "other" } } }),
    [{ path: "tags.team", before: "other", after: "search" }],
  ],
  [
    "a tag that is missing",
    CHAT,
    asActual(CHAT, { fields: { tags: undefined } }),
    [{ path: "tags.team", before: undefined, after: "search" }],
  ],
  [
    "the fallback",
    CHAT,
    asActual(CHAT, { fields: { fallback_config: {} } }),
    [
      { path: "fallback_config.strategy", before: undefined, after: "SEQUENTIAL" },
      { path: "fallback_config.max_attempts", before: undefined, after: 2 },
    ],
  ],
  [
    "tracking",
    CHAT,
    asActual(CHAT, { fields: { usage_tracking: false } }),
    [{ path: "usage_tracking", before: false, after: true }],
  ],
  [
    "a duration",
    BUDGET,
    asActual(BUDGET, { fields: { duration: { unit: "MONTHS", value: 2 } } }),
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
    asActual(BUDGET, { fields: { thresholds: undefined } }),
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
  const changes = compareFields(CHAT, asActual(CHAT, { fields: { models } }));

  expect(changes.map(({ path }) => path)).toEqual(["models"]);
});

test("a changed weight is shown as people write it", () => {
  const actual = asActual(CHAT, { fields: { models: [{ ...PRIMARY, weight: Math.fround(0.1) }] } });

  const [change] = compareFields(endpoint({ models: [{ ...PRIMARY, weight: 0.7 }] }), actual);

  expect(change).toMatchObject({ before: [{ weight: 0.1 }], after: [{ weight: 0.7 }] });
});

function modelsOf(resource: DesiredResource) {
  if (resource.kind !== "endpoint") throw new Error("not an endpoint");
  return resource.fields.models;
}
