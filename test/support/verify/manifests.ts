import fc from "fast-check";
import type {
  ManifestBudget,
  ManifestEndpoint,
  ManifestModelDefinition,
  ManifestSecret,
} from "#manifest/types.ts";

/** What guardrails refer to: it must exist on the server, with two versions. */
export const JUDGE = { experiment: "generated/judges", name: "judge", versions: [1, 2] } as const;

/** A manifest that is valid by construction, and the values that its secrets are to have. */
export interface Generated {
  readonly manifest: Whole;
  /** By name of the secret: what `api_key` is to be. */
  readonly values: Readonly<Record<string, string>>;
}

/** What is on the gateway first, and what the same owner declares afterwards. */
export interface GeneratedChange {
  readonly before: Generated;
  readonly after: Generated;
}

/** All sections are there, so that everything is in scope. */
interface Whole {
  version: 1;
  secrets: ManifestSecret[];
  model_definitions: ManifestModelDefinition[];
  endpoints: ManifestEndpoint[];
  budgets: ManifestBudget[];
}

type Section = keyof typeof NAMES;

/** Few names, so that two manifests share most of them. A secret's provider is for good. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: "openai",
  "openai-eu": "openai",
  "mistral.team": "mistral",
};
const NAMES = {
  secrets: Object.keys(PROVIDERS),
  model_definitions: ["main", "spare", "small", "large", "old"],
  endpoints: ["chat", "search", "batch.v2", "draft_1"],
  budgets: ["monthly", "hourly", "of a user"],
} as const;

const THRESHOLDS: number[][] = [[0.5], [0.8, 1]];

/** Of what is drawn beside names, to have one for each. */
const ENOUGH = { minLength: 2, maxLength: 2 };

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const value = fc
  .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 16, maxLength: 16 })
  .map((digits) => `sk-${digits.join("")}`);

/** Some manifest, and another of the same owner that drops, changes, adds and renames some of it. */
export const generatedChanges: fc.Arbitrary<GeneratedChange> = generated(undefined).chain(
  (before) =>
    fc
      .record({
        after: generated(before),
        renames: fc.subarray(["secrets", "model_definitions", "endpoints"] as const),
      })
      .map(({ after, renames }) => ({
        before,
        after: {
          ...after,
          manifest: renames.reduce(
            (manifest, section) => renamed(section, before.manifest, manifest),
            after.manifest,
          ),
        },
      })),
);

/** The text that the source of each secret holds. */
export function sourcesOf({ manifest, values }: Generated): Map<string, string> {
  return new Map(
    manifest.secrets.map(({ name, value_from }) => [
      sourceOf(name),
      value_from?.keys
        ? JSON.stringify({ KEY: values[name], other: "unused" })
        : (values[name] ?? ""),
    ]),
  );
}

function sourceOf(secret: string): string {
  return `generated/${secret}`;
}

function generated(before: Generated | undefined): fc.Arbitrary<Generated> {
  const old = before?.manifest;
  const names = fc.record({
    secrets: someOf("secrets", old, 1),
    definitions: someOf("model_definitions", old, 1),
    endpointNames: someOf("endpoints", old),
    budgetNames: someOf("budgets", old),
  });
  return names.chain(({ secrets, definitions, endpointNames, budgetNames }) =>
    fc
      .record({
        version: fc.constant(1 as const),
        secrets: each(secrets, old?.secrets, secret),
        model_definitions: each(
          definitions,
          old?.model_definitions.filter((one) => secrets.includes(one.secret ?? "")),
          (name) => modelDefinition(name, secrets),
        ),
        endpoints: each(
          endpointNames,
          old?.endpoints.filter((one) => areAmong(definitions, one.models)),
          (name) => endpoint(name, definitions),
        ),
        values: fc.record(
          Object.fromEntries(secrets.map((name) => [name, mostly(before?.values[name], value)])),
        ),
      })
      .chain(({ values, ...manifest }) => {
        const tracked = manifest.endpoints.filter(({ usage_tracking }) => usage_tracking !== false);
        const targets = tracked.map(({ name }) => name);
        const kept = old?.budgets.filter(
          ({ target_scope, target_value }) =>
            target_scope !== "ENDPOINT" || targets.includes(target_value ?? ""),
        );
        return each(budgetNames, kept, (name) => budget(name, targets)).map((budgets) => ({
          manifest: { ...manifest, budgets },
          values,
        }));
      }),
  );
}

/** Half of the names; of those that there were before most. */
function someOf(section: Section, old: Whole | undefined, minLength = 0): fc.Arbitrary<string[]> {
  const names = NAMES[section];
  const before = old?.[section].map(({ name }) => name) ?? [];
  return fc
    .tuple(...names.map((name) => fc.nat({ max: before.includes(name) ? 3 : 1 })))
    .map((drawn) => names.filter((_, index) => drawn[index] !== 0))
    .map((drawn) => (drawn.length < minLength ? names.slice(0, minLength) : drawn));
}

/** One for each name; of those that there were before most stay as they are. */
function each<T extends { readonly name: string }>(
  names: readonly string[],
  before: readonly T[] | undefined,
  draw: (name: string) => fc.Arbitrary<T>,
): fc.Arbitrary<T[]> {
  return fc.tuple(
    ...names.map((name) =>
      mostly(
        before?.find((one) => one.name === name),
        draw(name),
      ),
    ),
  );
}

function mostly<T>(before: T | undefined, drawn: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return before === undefined
    ? drawn
    : fc.oneof({ weight: 3, arbitrary: fc.constant(before) }, { weight: 2, arbitrary: drawn });
}

function areAmong(definitions: readonly string[], models: ManifestEndpoint["models"]): boolean {
  return models.every(({ model_definition }) => definitions.includes(model_definition));
}

function secret(name: string): fc.Arbitrary<ManifestSecret> {
  return fc
    .record({
      keys: optional(fc.constant({ api_key: "KEY" })),
      api_base: optional(fc.constantFrom("https://8.8.8.8/v1", "https://1.1.1.1/v1")),
      hasConfig: fc.boolean(),
    })
    .map(({ keys, api_base, hasConfig }) => ({
      name,
      provider: PROVIDERS[name] ?? "",
      value_from: { secrets_manager: sourceOf(name), ...(keys && { keys }) },
      ...(hasConfig && { auth_config: { auth_mode: "api_key", ...(api_base && { api_base }) } }),
    }));
}

function modelDefinition(
  name: string,
  secrets: readonly string[],
): fc.Arbitrary<ManifestModelDefinition> {
  return fc
    .record({
      secret: fc.constantFrom(...secrets),
      model_name: fc.constantFrom("gpt-4o", "gpt-4o-mini", "some/other:model"),
      hasProvider: fc.boolean(),
    })
    .map(({ secret, model_name, hasProvider }) => ({
      ...{ name, secret, model_name },
      ...(hasProvider && { provider: PROVIDERS[secret] ?? "" }),
    }));
}

function endpoint(name: string, definitions: readonly string[]): fc.Arbitrary<ManifestEndpoint> {
  return fc
    .record({
      primary: fc.subarray([...definitions], {
        minLength: 1,
        maxLength: Math.min(2, definitions.length),
      }),
      fallback: fc.subarray([...definitions], { maxLength: 1 }),
      weights: fc.array(optional(fc.constantFrom(0.1, 0.3, 0.7, 1 / 3, 1)), ENOUGH),
      max_attempts: optional(fc.integer({ min: 1, max: 3 })),
      usage_tracking: optional(fc.boolean()),
      experiment: optional(fc.constantFrom("generated/one", "generated/two")),
      tags: optional(
        fc.dictionary(fc.constantFrom("team", "env", "a key"), fc.constantFrom("x", "ü y", ""), {
          noNullPrototype: true,
        }),
      ),
      bindings: optional(
        fc
          .subarray(["toxicity", "a/b"])
          .map((ids) =>
            ids.map((resource_id) => ({ resource_type: "scorer" as const, resource_id })),
          ),
      ),
      guardrails: optional(guardrails),
    })
    .map(({ primary, fallback, weights, max_attempts, experiment, ...rest }) => ({
      name,
      models: [
        ...primary.map((model_definition, index) => {
          const weight = weights[index];
          return {
            ...{ model_definition, linkage_type: "PRIMARY" as const },
            ...(weight !== undefined && { weight }),
          };
        }),
        ...fallback.map((model_definition, fallback_order) => ({
          ...{ model_definition, linkage_type: "FALLBACK" as const, fallback_order },
        })),
      ],
      ...(fallback.length > 0 && max_attempts && { fallback_config: { max_attempts } }),
      // Without tracking there is nothing to keep in an experiment.
      ...(experiment && rest.usage_tracking !== false && { experiment }),
      ...stated(rest),
    }));
}

const guardrails = fc
  .tuple(
    fc.subarray(["safe", "polite"]),
    fc.array(
      fc.record({
        version: optional(fc.constantFrom(...JUDGE.versions)),
        stage: fc.constantFrom("BEFORE" as const, "AFTER" as const),
        execution_order: optional(fc.nat({ max: 3 })),
      }),
      ENOUGH,
    ),
  )
  .map(([names, drawn]) =>
    drawn.slice(0, names.length).map(({ version, stage, execution_order }, index) => {
      return {
        name: names[index] ?? "",
        scorer: { experiment: JUDGE.experiment, name: JUDGE.name, ...(version && { version }) },
        ...{ stage, action: "VALIDATION" as const },
        ...(execution_order !== undefined && { execution_order }),
      };
    }),
  );

function budget(name: string, endpoints: readonly string[]): fc.Arbitrary<ManifestBudget> {
  const targets: { target_scope: ManifestBudget["target_scope"]; target_value?: string }[] = [
    { target_scope: "GLOBAL" },
    { target_scope: "WORKSPACE" },
    { target_scope: "USER", target_value: "ann@example.com" },
    ...endpoints.map((target_value) => ({ target_scope: "ENDPOINT" as const, target_value })),
  ];
  return fc
    .record({
      target: fc.constantFrom(...targets),
      budget_amount: fc.constantFrom(0.1, 1 / 3, 5, 1_000_000),
      unit: fc.constantFrom("MINUTES", "HOURS", "DAYS", "WEEKS", "MONTHS"),
      value: fc.integer({ min: 1, max: 12 }),
      budget_action: fc.constantFrom("ALERT" as const, "REJECT" as const),
      labels: optional(fc.constantFrom({ team: "search" }, {})),
      thresholds: optional(fc.constantFrom(...THRESHOLDS)),
    })
    .map(({ target, unit, value, labels, thresholds, ...rest }) => ({
      ...{ name, ...target, ...rest, duration: { unit, value } },
      ...(labels && { labels }),
      ...(thresholds && { alerts: { thresholds } }),
    }));
}

/** Of the first that is new, says that it is the first that is gone, if it can be. */
function renamed(
  section: "secrets" | "model_definitions" | "endpoints",
  before: Whole,
  after: Whole,
): Whole {
  const namesBefore = before[section].map(({ name }) => name);
  const namesAfter = after[section].map(({ name }) => name);
  const fresh = namesAfter.find((name) => !namesBefore.includes(name));
  const previous_name = namesBefore.find(
    (name) => !namesAfter.includes(name) && isSameProvider(section, name, fresh),
  );
  if (fresh === undefined || previous_name === undefined) return after;
  return {
    ...after,
    [section]: after[section].map((one) => (one.name === fresh ? { ...one, previous_name } : one)),
  };
}

function isSameProvider(section: Section, one: string, other: string | undefined): boolean {
  return section !== "secrets" || PROVIDERS[one] === PROVIDERS[other ?? ""];
}

function stated<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, field]) => field !== undefined),
  ) as never;
}
