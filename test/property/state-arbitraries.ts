import fc from "fast-check";
import { TRAITS } from "#reconcile/kinds.ts";
import { recognised } from "#reconcile/plan/recognise.ts";
import {
  type ActualGuardrail,
  type ActualResource,
  type ActualState,
  type BudgetFields,
  type DesiredResource,
  type DesiredState,
  type EndpointFields,
  type EndpointGuardrail,
  type EndpointModel,
  type Identity,
  identityOf,
  KINDS,
  type Kind,
  type KnownState,
  keyOf,
  type ResourceKey,
  scorerKey,
} from "#reconcile/state.ts";

/** What a plan is made of. */
export interface Scenario {
  readonly desired: DesiredState;
  readonly actual: ActualState;
  readonly known: KnownState;
}

export const OWNER = "search";

/** Few names, so that what is declared and what exists meet; the last two are given up by renames. */
const DECLARED_NAMES = ["a", "b", "c", "d"] as const;
const FORMER_NAMES = ["p", "q"] as const;
const ACTUAL_NAMES = [...DECLARED_NAMES, ...FORMER_NAMES, "x"] as const;

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const hosts = fc.constantFrom("https://one.example/v1", "https://two.example/v1");
const tags = fc.dictionary(fc.constantFrom("team", "env"), fc.constantFrom("x", "y"), {
  noNullPrototype: true,
});

const ACTUAL_GUARDRAILS: readonly ActualGuardrail[] = (["g", "h"] as const).flatMap((name) =>
  (["BEFORE", "AFTER"] as const).map((stage) => ({
    id: `gr-${name}-${stage}`,
    name,
    scorer: { experiment: "judges", name: "toxicity", version: 1 },
    stage,
    action: "VALIDATION" as const,
  })),
);

const desiredGuardrail = (name: string, endpoints: readonly string[]) =>
  fc.record({
    name: fc.constant(name),
    scorer: fc.constantFrom(
      { experiment: "judges", name: "toxicity" },
      { experiment: "judges", name: "toxicity", version: 2 },
    ),
    stage: fc.constantFrom("BEFORE" as const, "AFTER" as const),
    action: fc.constant("VALIDATION" as const),
    action_endpoint: rarely(fc.constantFrom(...endpoints)),
    execution_order: optional(fc.integer({ min: 1, max: 2 })),
  });

const desiredGuardrails = (endpoints: readonly string[]) =>
  fc
    .tuple(desiredGuardrail("g", endpoints), desiredGuardrail("h", endpoints))
    .chain((both) => fc.subarray(both));

const actualGuardrails = (endpoints: readonly string[]): fc.Arbitrary<EndpointGuardrail[]> =>
  fc
    .tuple(
      fc.subarray([...ACTUAL_GUARDRAILS]),
      optional(fc.integer({ min: 1, max: 2 })),
      rarely(fc.constantFrom(...endpoints)),
    )
    .map(([guardrails, execution_order, action_endpoint]) =>
      guardrails.map((guardrail) => ({ ...guardrail, execution_order, action_endpoint })),
    );

const secretFields = fc.record({
  provider: fc.constant("openai"),
  auth_config: optional(fc.record({ api_base: hosts })),
  value_from: optional(fc.constant({ secrets_manager: "prod/openai" })),
  source_version: optional(fc.constantFrom("version-1", "version-2")),
});

const definitionFields = (secrets: readonly string[]) =>
  fc.record({
    secret: optional(fc.constantFrom(...secrets)),
    provider: fc.constantFrom("openai", "azure"),
    model_name: fc.constantFrom("gpt-4o", "gpt-4o-mini"),
  });

/** At most two of them. */
const some = <T>(values: readonly T[], minLength: number) =>
  fc.subarray([...values], { minLength, maxLength: Math.min(2, values.length) });

const models = (definitions: readonly string[]): fc.Arbitrary<EndpointModel[]> =>
  fc
    .record({
      primary: some(definitions, 1),
      fallback: some(definitions, 0),
      weight: optional(fc.double({ min: 0.02, max: 1, noNaN: true })),
    })
    .map(({ primary, fallback, weight }) => [
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
    ]);

const endpointFields = (
  definitions: readonly string[],
  guardrails: fc.Arbitrary<readonly EndpointGuardrail[]>,
  experiment: fc.Arbitrary<Pick<EndpointFields, "experiment" | "experiment_id">>,
): fc.Arbitrary<EndpointFields> =>
  fc
    .record({
      models: models(definitions),
      usage_tracking: optional(fc.boolean()),
      fallback_config: optional(
        fc.record({ max_attempts: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] }),
      ),
      tags: optional(tags),
      bindings: optional(
        fc
          .subarray(["one", "two"])
          .map((ids) =>
            ids.map((resource_id) => ({ resource_type: "scorer" as const, resource_id })),
          ),
      ),
      guardrails: optional(guardrails),
      experiment,
    })
    .map(({ experiment: stated, ...fields }) => ({ ...fields, ...stated }));

const budgetFields = (endpoints: readonly string[]): fc.Arbitrary<BudgetFields> =>
  fc
    .record({
      target: fc.oneof(
        fc.record({
          target_scope: fc.constant("ENDPOINT" as const),
          target_value: fc.constantFrom(...endpoints),
        }),
        fc.constant({ target_scope: "GLOBAL" as const }),
        fc.constant({ target_scope: "USER" as const, target_value: "somebody" }),
      ),
      budget_unit: fc.constant("USD" as const),
      budget_amount: fc.integer({ min: 1, max: 3 }),
      duration: fc.record({
        unit: fc.constant("DAYS" as const),
        value: fc.integer({ min: 1, max: 2 }),
      }),
      budget_action: fc.constantFrom("ALERT" as const, "REJECT" as const),
      labels: optional(tags),
      thresholds: optional(fc.constantFrom<number[]>([0.5], [0.5, 1])),
    })
    .map(({ target, ...fields }) => ({ ...fields, ...target }));

const owners = fc.oneof(
  { weight: 6, arbitrary: fc.constant(OWNER) },
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant("other") },
);

type FieldsOf<K extends Kind> = Extract<ActualResource, { kind: K }>["fields"];

interface Names {
  readonly secret: readonly string[];
  readonly model_definition: readonly string[];
  readonly endpoint: readonly string[];
  readonly budget: readonly string[];
}

const actualExperiment = fc.record(
  { experiment_id: fc.constantFrom("1", "2", "3") },
  { requiredKeys: [] },
);
const desiredExperiment = fc.oneof(
  fc.constant({}),
  fc.record({ experiment: fc.constantFrom("known", "new") }),
  fc.record({ experiment_id: fc.constantFrom("1", "2") }),
);

const namesOf = (pool: readonly string[], minLength: number): fc.Arbitrary<Names> =>
  fc.record({
    secret: fc.subarray([...pool], { minLength, maxLength: 4 }),
    model_definition: fc.subarray([...pool], { minLength, maxLength: 4 }),
    endpoint: fc.subarray([...pool], { minLength, maxLength: 4 }),
    budget: fc.subarray([...pool], { maxLength: 4 }),
  });

/** A gateway on which everything that is named exists. */
const actualResources: fc.Arbitrary<ActualResource[]> = namesOf(ACTUAL_NAMES, 1).chain((names) => {
  const guardrails = actualGuardrails(names.endpoint);
  return fc
    .tuple(
      each(names.secret, (name) => actualOf("secret", name, secretFields)),
      each(names.model_definition, (name) =>
        actualOf("model_definition", name, definitionFields(names.secret)),
      ),
      each(names.endpoint, (name) =>
        actualOf(
          "endpoint",
          name,
          endpointFields(names.model_definition, guardrails, actualExperiment),
        ),
      ),
      each(names.budget, (name) => actualOf("budget", name, budgetFields(names.endpoint))),
    )
    .map((levels) => levels.flat().map(asReported));
});

function actualOf<K extends Kind>(
  kind: K,
  name: string,
  fields: fc.Arbitrary<FieldsOf<K>>,
): fc.Arbitrary<ActualResource> {
  return fc.record({ owner: owners, fields }).map(
    ({ owner, fields }) =>
      ({
        kind,
        id: `id-${kind}-${name}`,
        name,
        ...(owner === undefined ? {} : { owner }),
        fields,
      }) as ActualResource,
  );
}

/** An unmarked budget is known by its id only. */
function asReported(resource: ActualResource): ActualResource {
  const isUnnamed = resource.kind === "budget" && resource.owner === undefined;
  return isUnnamed ? { ...resource, name: resource.id } : resource;
}

/** What refers to something declared, or to something that was there. */
const desiredStates: fc.Arbitrary<DesiredState> = fc
  .record({
    names: fc.oneof(
      { weight: 7, arbitrary: namesOf(DECLARED_NAMES, 1) },
      { weight: 1, arbitrary: namesOf(DECLARED_NAMES, 0) },
    ),
    in_scope: fc.oneof(
      { weight: 3, arbitrary: fc.constant([...KINDS]) },
      { weight: 1, arbitrary: fc.subarray([...KINDS], { minLength: 1 }) },
    ),
  })
  .chain(({ names, in_scope }) => {
    const scoped = (kind: Kind) => (in_scope.includes(kind) ? names[kind] : []);
    const known = (kind: Kind) => (scoped(kind).length > 0 ? scoped(kind) : ["x", "a"]);
    const guardrails = desiredGuardrails(known("endpoint"));
    return fc
      .tuple(
        each(scoped("secret"), (name) => desiredOf("secret", name, secretFields)),
        each(scoped("model_definition"), (name) =>
          desiredOf("model_definition", name, definitionFields(known("secret"))),
        ),
        each(scoped("endpoint"), (name) =>
          desiredOf(
            "endpoint",
            name,
            endpointFields(known("model_definition"), guardrails, desiredExperiment),
          ),
        ),
        each(scoped("budget"), (name) =>
          desiredOf("budget", name, budgetFields(known("endpoint"))),
        ),
      )
      .map((levels) => ({
        owner: OWNER,
        workspace: "default",
        in_scope,
        resources: levels.flat(),
        externals: [],
      }));
  });

function desiredOf<K extends Kind>(
  kind: K,
  name: string,
  fields: fc.Arbitrary<FieldsOf<K>>,
): fc.Arbitrary<DesiredResource> {
  return fc
    .record({
      fields,
      protected: rarely(fc.boolean()),
      adopt: rarely(fc.constantFrom("id-budget-x", "id-budget-a")),
      previous_name: fc.oneof(
        { weight: 2, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom(...FORMER_NAMES) },
      ),
    })
    .map(
      ({ previous_name, adopt, ...declared }) =>
        ({
          kind,
          name,
          ...declared,
          ...(kind === "budget" ? { adopt } : { previous_name }),
        }) as DesiredResource,
    );
}

/** What no manifest of this owner declares, whether or not it exists. */
function externalsOf(resources: readonly ActualResource[]): fc.Arbitrary<ResourceKey[]> {
  const existing = resources.filter(({ name }) => name === "x").map(keyOf);
  return fc.oneof(
    { weight: 7, arbitrary: fc.subarray(existing) },
    { weight: 1, arbitrary: fc.constant(["endpoint/x"] as ResourceKey[]) },
  );
}

/** Keys of resources that exist, and of some that do not. */
function knownStates(
  { in_scope }: DesiredState,
  resources: readonly ActualResource[],
): fc.Arbitrary<KnownState> {
  const keys: ResourceKey[] = [...resources.map(keyOf), "endpoint/gone", "secret/gone"];
  const few = some(keys, 0).map((chosen) => new Set(chosen));
  // A file that says nothing more of a kind leaves what it declared of it frozen.
  const silent = resources.filter(({ kind }) => !in_scope.includes(kind)).map(keyOf);
  return fc.record({
    owned: ownedOf(resources),
    names: fc.constant(new Map<Identity, string>()),
    intended: fc.constant(new Set<ResourceKey>()),
    others: fc
      .subarray(resources.filter(({ owner }) => owner !== OWNER))
      .map((theirs) => new Map(theirs.map((one) => [identityOf(one), "other"] as const))),
    protected: few,
    frozen: few.map((keys) => new Set([...keys, ...silent])),
  });
}

/**
 * What earlier runs left: most of what carries the owner's mark, some that lost it, and some under
 * another name than it has now.
 */
function ownedOf(resources: readonly ActualResource[]): fc.Arbitrary<KnownState["owned"]> {
  const left = resources.map((resource) =>
    fc.record({
      resource: fc.constant(resource),
      isKnown: mostly(resource.owner === OWNER),
      name: rarely(fc.constantFrom(...ACTUAL_NAMES)),
    }),
  );
  return fc.tuple(...left).map((all) => {
    const names = new Set<ResourceKey>();
    return new Map<Identity, string>(
      all.flatMap(({ resource, isKnown, name: other }) => {
        const { kind } = resource;
        // Nobody renames what cannot be renamed.
        const isRenamed = other !== undefined && TRAITS[kind].rename === "in-place";
        const name = isRenamed ? other : resource.name;
        const key = keyOf({ kind, name });
        if (!isKnown || names.has(key)) return [];
        names.add(key);
        return [[identityOf(resource), name] as const];
      }),
    );
  });
}

function mostly(value: boolean): fc.Arbitrary<boolean> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(value) },
    { weight: 1, arbitrary: fc.constant(!value) },
  );
}

/** With the gateway as it is, of which nothing is known yet. */
export const unknownScenarios: fc.Arbitrary<Scenario> = fc
  .tuple(desiredStates, actualResources)
  .chain(([desired, resources]) =>
    fc.record({
      desired: externalsOf(resources).map((externals) => ({ ...desired, externals })),
      actual: fc.constant({
        resources,
        experiments: new Map([["known", "1"]]),
        deletedExperiments: new Map<string, string>(),
        guardrails: ACTUAL_GUARDRAILS,
        scorers: new Map([
          [
            scorerKey({ experiment: "judges", name: "toxicity" }),
            { scorer_id: "a787207c", version: 2 },
          ],
        ]),
      }),
      known: knownStates(desired, resources),
    }),
  );

export const scenarios: fc.Arbitrary<Scenario> = unknownScenarios.map(withRecognised);

/** As every use case does it before it plans. */
function withRecognised<S extends Scenario>(scenario: S): S {
  const { desired, actual, known } = scenario;
  return { ...scenario, actual: recognised(actual, desired, known) };
}

/** The same, where this version does not understand some resources. */
export const puzzlingScenarios: fc.Arbitrary<Scenario> = scenarios.chain((scenario) =>
  fc.subarray([...scenario.actual.resources], { maxLength: 3 }).map((puzzling) => ({
    ...scenario,
    actual: {
      ...scenario.actual,
      resources: scenario.actual.resources.map((resource) =>
        puzzling.includes(resource)
          ? { ...resource, unknown_values: ['linkage_type "MIRROR"'] }
          : resource,
      ),
    },
  })),
);

/** The same, with everything in any order that has none. */
export function shuffledScenario({ desired, actual, known }: Scenario): fc.Arbitrary<Scenario> {
  return fc
    .record({
      resources: shuffled(desired.resources),
      externals: shuffled(desired.externals),
      in_scope: shuffled(desired.in_scope),
      reported: shuffled(actual.resources),
      guardrails: shuffled(actual.guardrails),
      owned: shuffled([...known.owned]),
      frozen: shuffled([...known.frozen]),
    })
    .map(({ resources, externals, in_scope, reported, guardrails, owned, frozen }) => ({
      desired: { ...desired, resources: resources.map(reversedLists), externals, in_scope },
      actual: { ...actual, resources: reported.map(reversedLists), guardrails },
      known: { ...known, owned: new Map(owned), frozen: new Set(frozen) },
    }));
}

function reversedLists<R extends DesiredResource | ActualResource>(resource: R): R {
  if (resource.kind !== "endpoint") return resource;
  const { models, bindings, guardrails } = resource.fields;
  return {
    ...resource,
    fields: {
      ...resource.fields,
      models: models.toReversed(),
      bindings: bindings?.toReversed(),
      guardrails: guardrails?.toReversed(),
    },
  };
}

function shuffled<T>(values: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...values], { minLength: values.length });
}

/** One value for each name. */
function each<T>(
  names: readonly string[],
  arbitrary: (name: string) => fc.Arbitrary<T>,
): fc.Arbitrary<T[]> {
  return fc.tuple(...names.map(arbitrary));
}
