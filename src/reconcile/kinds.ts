import { type FieldChange, fieldOf } from "./change.ts";
import type {
  ActualResource,
  BudgetFields,
  DesiredResource,
  EndpointFields,
  EndpointGuardrail,
  FieldsOf,
  Kind,
  ModelDefinitionFields,
  ResourceKey,
} from "./state.ts";
import { KINDS, keyOf } from "./state.ts";

interface KindTraits<K extends Kind> {
  /** As people write it, of one and of several. */
  readonly noun: string;
  readonly nouns: string;
  /** Changes of this kind in flight at once. */
  readonly concurrency: number;
  /** Fields that MLflow ignores in an update, answering 200. */
  readonly immutable: readonly (keyof FieldsOf[K])[];
  /** Fields that only our ledger keeps: to write them writes nothing on the gateway. */
  readonly recorded: readonly (keyof FieldsOf[K])[];
  /**
   * Whether the server knows a name. Else ours is in the mark and in the ledger: one name can be
   * there twice, what nobody has marked is named by its id, and none can be found as external.
   */
  readonly isNamed: boolean;
  /** `copy`: no update changes the name, so that a new one is made and the old one deleted. */
  readonly rename: "in-place" | "copy";
  /** MLflow answers 500 INVALID_STATE to the delete of one that something uses. */
  readonly isHeldByUsers: boolean;
}

export const TRAITS: { readonly [K in Kind]: KindTraits<K> } = {
  secret: {
    noun: "secret",
    nouns: "secrets",
    // Each write of a secret costs about 70 ms of server CPU that LLM traffic would use.
    concurrency: 1,
    immutable: ["provider"],
    recorded: ["as_stored", "probe"],
    isNamed: true,
    rename: "copy",
    isHeldByUsers: false,
  },
  model_definition: {
    noun: "model definition",
    nouns: "model definitions",
    concurrency: 4,
    immutable: [],
    recorded: [],
    isNamed: true,
    rename: "in-place",
    isHeldByUsers: true,
  },
  endpoint: {
    noun: "endpoint",
    nouns: "endpoints",
    concurrency: 4,
    immutable: [],
    recorded: [],
    isNamed: true,
    rename: "in-place",
    isHeldByUsers: false,
  },
  budget: {
    noun: "budget",
    nouns: "budgets",
    // Each write of a budget makes the server compute every window again.
    concurrency: 1,
    immutable: [],
    recorded: ["thresholds", "labels"],
    isNamed: false,
    rename: "in-place",
    isHeldByUsers: false,
  },
};

/** Whether a change changes nothing on the gateway but our mark. */
export function isRecorded(kind: Kind, change: FieldChange): boolean {
  const field = fieldOf(change);
  const recorded: readonly string[] = TRAITS[kind].recorded;
  return field === "owner" || recorded.includes(field);
}

/** One value for each kind. */
export function perKind<T>(make: (kind: Kind) => T): Record<Kind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, make(kind)])) as Record<Kind, T>;
}

type Path = readonly (string | number)[];

/** Told of each name that the fields hold of another resource; what it answers takes its place. */
type NameVisitor = (kind: Kind, name: string, path: Path) => string;

/** The fields that name other resources, as states and manifests both have them. */
export interface ReferringFields {
  readonly secret: object;
  readonly model_definition: Pick<ModelDefinitionFields, "secret">;
  readonly endpoint: Pick<EndpointFields, "models" | "guardrails">;
  readonly budget: Pick<BudgetFields, "target_scope" | "target_value">;
}

/** What names what: the only place that knows it. */
const VISIT_NAMES: {
  readonly [K in Kind]: <F extends ReferringFields[K]>(fields: F, visit: NameVisitor) => F;
} = {
  secret: (fields) => fields,
  model_definition: (fields, visit) =>
    fields.secret === undefined
      ? fields
      : { ...fields, secret: visit("secret", fields.secret, ["secret"]) },
  endpoint: (fields, visit) => ({
    ...fields,
    models: fields.models.map((model, index) => ({
      ...model,
      model_definition: visit("model_definition", model.model_definition, [
        "models",
        index,
        "model_definition",
      ]),
    })),
    ...(fields.guardrails && {
      guardrails: fields.guardrails.map((guardrail, index) =>
        visitGuardrail(guardrail, visit, ["guardrails", index]),
      ),
    }),
  }),
  budget: (fields, visit) =>
    fields.target_scope !== "ENDPOINT" || fields.target_value === undefined
      ? fields
      : { ...fields, target_value: visit("endpoint", fields.target_value, ["target_value"]) },
};

function visitGuardrail<G extends EndpointGuardrail>(
  guardrail: G,
  visit: NameVisitor,
  path: Path,
): G {
  const { action_endpoint } = guardrail;
  if (action_endpoint === undefined) return guardrail;
  return {
    ...guardrail,
    action_endpoint: visit("endpoint", action_endpoint, [...path, "action_endpoint"]),
  };
}

/** Something that a resource names, and where it does so in the manifest. */
export interface Reference {
  readonly key: ResourceKey;
  readonly path: Path;
}

/** Everything that a resource names, in the order of its fields; a thing can be named twice. */
export function referencesOf<K extends Kind>(kind: K, fields: ReferringFields[K]): Reference[] {
  const references: Reference[] = [];
  VISIT_NAMES[kind](fields, (named, name, path) => {
    references.push({ key: `${named}/${name}`, path });
    return name;
  });
  return references;
}

/** The same fields with other names in them. */
export function withNames<K extends Kind, F extends ReferringFields[K]>(
  kind: K,
  fields: F,
  nameOf: (kind: Kind, name: string) => string,
): F {
  return VISIT_NAMES[kind](fields, nameOf);
}

/** The other resources that must be right before this one can be written, each once. */
export function dependenciesOf(resource: DesiredResource | ActualResource): ResourceKey[] {
  const keys = new Set(referencesOf(resource.kind, resource.fields).map(({ key }) => key));
  // Guardrails are put on an endpoint that exists: it may rewrite its own text.
  keys.delete(keyOf(resource));
  return [...keys];
}

/**
 * Whose a resource is; undefined is nobody's. What the ledger knows overrules a mark; what was made
 * by an owner's run, and never marked or no more, is that owner's.
 */
export function effectiveOwner(resource: ActualResource): string | undefined {
  const { owner, made_by, ledger_owner } = resource;
  return ledger_owner ?? owner ?? made_by;
}

export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
