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
          auth_config: optional(fc.constantFrom({ api_base: "x" }, { api_base: "y" })),
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

function endpoint(name: string, definitions: string[]): fc.Arbitrary<ManifestEndpoint> {
  const weight = optional(fc.double({ min: 0.01, max: 1, noNaN: true }));
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
