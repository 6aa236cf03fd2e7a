import fc from "fast-check";
import type { Manifest, ManifestBudget, ManifestEndpoint } from "#manifest/types.ts";

/** Few names, so that two manifests meet in some resources and differ in others. */
const NAMES = ["a", "b", "c", "d"] as const;

const names = fc.subarray([...NAMES], { minLength: 1 });
const tags = fc.dictionary(fc.constantFrom("team", "env"), fc.constantFrom("x", "y"), {
  noNullPrototype: true,
});
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** A valid manifest: what it refers to is declared in it. */
export const manifests: fc.Arbitrary<Manifest> = fc
  .record({ secrets: names, definitions: names, endpoints: names, budgets: names })
  .chain(({ secrets, definitions, endpoints, budgets }) =>
    fc.record({
      version: fc.constant(1 as const),
      secrets: each(secrets, (name) =>
        fc.record({
          name: fc.constant(name),
          provider: fc.constant("openai"),
          value_from: fc.constant({ secrets_manager: "prod/openai" }),
          auth_config: optional(
            fc.constantFrom(
              { api_base: "https://x.example.com" },
              { api_base: "https://y.example.com" },
            ),
          ),
        }),
      ),
      model_definitions: each(definitions, (name) =>
        fc.record({
          name: fc.constant(name),
          secret: fc.constantFrom(...secrets),
          model_name: fc.constantFrom("gpt-4o", "gpt-4o-mini"),
        }),
      ),
      endpoints: each(endpoints, (name) => endpoint(name, definitions)),
      budgets: each(budgets, (name) => budget(name, endpoints)),
    }),
  );

/** A valid manifest that uses the whole language; some of what it refers to is external. */
export const fullManifests: fc.Arbitrary<Manifest> = manifests.chain((manifest) => {
  const endpoints = (manifest.endpoints ?? []).map(({ name }) => name);
  return fc
    .record({
      secrets: fc.tuple(...(manifest.secrets ?? []).map(fullSecret)),
      model_definitions: fc.tuple(...(manifest.model_definitions ?? []).map(fullDefinition)),
      endpoints: fc.tuple(
        ...(manifest.endpoints ?? []).map((entry) => fullEndpoint(entry, endpoints)),
      ),
      budgets: fc.tuple(
        ...(manifest.budgets ?? []).map((entry, index) =>
          fc
            .record({
              protected: optional(fc.constantFrom(true, false, "changes" as const)),
              adopt: optional(fc.constant(`bp-${index}`)),
            })
            .map((more) => ({ ...entry, ...more })),
        ),
      ),
    })
    .map((sections) => ({ version: 1 as const, ...sections }));
});

type Entry<S extends "secrets" | "model_definitions" | "endpoints"> = NonNullable<
  Manifest[S]
>[number];

const ofNamed = {
  protected: optional(fc.constantFrom(true, false, "changes" as const)),
  isRenamed: fc.boolean(),
  isExternal: fc.nat(4).map((number) => number === 0),
};

/** The entry, or an external one of its name. */
function fullEntry<T extends { readonly name: string }, More extends object>(
  entry: T,
  more: fc.Arbitrary<More>,
) {
  return fc.tuple(fc.record(ofNamed), more).map(([{ isRenamed, isExternal, ...rest }, fields]) =>
    isExternal
      ? { name: entry.name, external: true as const }
      : {
          ...entry,
          ...rest,
          ...fields,
          previous_name: isRenamed ? `old-${entry.name}` : undefined,
        },
  );
}

function fullSecret(entry: Entry<"secrets">): fc.Arbitrary<Entry<"secrets">> {
  const value_from = fc.constantFrom(
    { secrets_manager: "prod/openai", keys: { api_key: "KEY" } },
    { env: "OPENAI_API_KEY" },
    { file: "keys/openai" },
  );
  return fullEntry(entry, fc.record({ value_from })) as fc.Arbitrary<Entry<"secrets">>;
}

/** Providers are stated: the secret may be external. */
function fullDefinition(
  entry: Entry<"model_definitions">,
): fc.Arbitrary<Entry<"model_definitions">> {
  const provider = fc.constant("openai");
  return fullEntry(entry, fc.record({ provider })) as fc.Arbitrary<Entry<"model_definitions">>;
}

function fullEndpoint(
  entry: Entry<"endpoints">,
  endpoints: readonly string[],
): fc.Arbitrary<Entry<"endpoints">> {
  const experiments = fc.constantFrom<object>(
    {},
    { experiment: "gateway/chat" },
    { experiment: "größe 🚀" },
    { experiment_id: "7" },
    { experiment_id: "12" },
  );
  const bindings = fc
    .subarray(["toxicity", "pii: #1", "- no"])
    .map((ids) => ids.map((resource_id) => ({ resource_type: "scorer" as const, resource_id })));
  const more = fc
    .record({
      experiments,
      bindings: optional(bindings),
      guardrails: optional(fc.tuple(guardrail("a", endpoints), guardrail("b", endpoints))),
      tags: optional(
        fc.dictionary(fc.constantFrom("team", "a: b", "yes"), texts, { noNullPrototype: true }),
      ),
    })
    .map(({ experiments: experiment, ...rest }) => ({ ...rest, ...experiment }));
  return fullEntry(entry, more) as fc.Arbitrary<Entry<"endpoints">>;
}

/** What YAML reads as something else unless it is quoted. */
const texts = fc.constantFrom(
  "",
  "x",
  "yes",
  "1",
  "null",
  "# a",
  "a\nb\n",
  " a",
  "'",
  "*a",
  "🚀",
  "{",
);

function guardrail(name: string, endpoints: readonly string[]) {
  const order = optional(fc.constant(name.charCodeAt(0)));
  return fc.oneof(
    fc.record({ name: fc.constant(name), execution_order: order }),
    fc.record({
      name: fc.constant(name),
      scorer: fc.record({
        experiment: fc.constant("judges"),
        name: fc.constantFrom("pii", "toxicity"),
        version: optional(fc.integer({ min: 1, max: 3 })),
      }),
      stage: fc.constantFrom("BEFORE" as const, "AFTER" as const),
      action: fc.constantFrom("VALIDATION" as const, "SANITIZATION" as const),
      action_endpoint: fc.constantFrom(...endpoints),
      execution_order: order,
    }),
  );
}

function endpoint(name: string, definitions: string[]): fc.Arbitrary<ManifestEndpoint> {
  const weight = optional(fc.double({ min: 0.02, max: 1, noNaN: true }));
  return fc
    .record({
      primary: fc.subarray(definitions, { minLength: 1 }),
      fallback: fc.subarray(definitions),
      weight,
      usage_tracking: optional(fc.boolean()),
      fallback_config: optional(
        fc.record({ max_attempts: optional(fc.integer({ min: 1, max: 3 })) }),
      ),
      tags: optional(tags),
    })
    .map(({ primary, fallback, weight, ...rest }) => ({
      name,
      models: [
        ...primary.map((model_definition) => ({
          model_definition,
          linkage_type: "PRIMARY" as const,
          weight,
        })),
        ...fallback.map((model_definition, fallback_order) => ({
          model_definition,
          linkage_type: "FALLBACK" as const,
          fallback_order,
        })),
      ],
      ...rest,
    }));
}

function budget(name: string, endpoints: readonly string[]): fc.Arbitrary<ManifestBudget> {
  const target = fc.oneof(
    fc.record({
      target_scope: fc.constant("ENDPOINT"),
      target_value: fc.constantFrom(...endpoints),
    }),
    fc.record({ target_scope: fc.constant("GLOBAL") }),
    fc.record({ target_scope: fc.constant("USER"), target_value: fc.constant("somebody") }),
  );
  return fc
    .record({
      target,
      budget_amount: fc.integer({ min: 1, max: 3 }),
      value: fc.integer({ min: 1, max: 2 }),
      budget_action: fc.constantFrom("ALERT" as const, "REJECT" as const),
      labels: optional(tags),
      thresholds: optional(fc.constantFrom<number[]>([0.5], [1, 0.5])),
    })
    .map(({ target, value, thresholds, ...rest }) => ({
      name,
      duration: { unit: "DAYS" as const, value },
      ...(target as Pick<ManifestBudget, "target_scope" | "target_value">),
      ...rest,
      alerts: thresholds && { thresholds },
    }));
}

/** One value for each name, in any order. */
function each<T>(
  known: readonly string[],
  arbitrary: (name: string) => fc.Arbitrary<T>,
): fc.Arbitrary<T[]> {
  return fc
    .tuple(...known.map(arbitrary))
    .chain((values) => fc.shuffledSubarray(values, { minLength: values.length }));
}
