import type {
  ActualResource,
  DesiredResource,
  EndpointFields,
  Kind,
  KnownState,
  ResourceKey,
} from "./state.ts";
import { keyOf } from "./state.ts";

/**
 * What depends on what. Creates and updates go down the tree, level by level; deletes come last
 * and go up.
 *
 *     secret
 *       └─ model_definition
 *            └─ endpoint            (its tags, bindings and guardrails are written with it)
 *                 ├─ endpoint       (one whose guardrail lets another rewrite the text)
 *                 └─ budget         (those of scope ENDPOINT)
 */
export const LEVELS: readonly Kind[] = ["secret", "model_definition", "endpoint", "budget"];

interface KindTraits {
  /** As people write it, of one and of several. */
  readonly noun: string;
  readonly nouns: string;
  /** Changes of this kind in flight at once. */
  readonly concurrency: number;
  /** Fields that MLflow ignores in an update, answering 200. */
  readonly immutable: readonly string[];
}

export const KINDS: Readonly<Record<Kind, KindTraits>> = {
  secret: {
    noun: "secret",
    nouns: "secrets",
    // Each write of a secret costs about 70 ms of server CPU that LLM traffic would use.
    concurrency: 1,
    // Nor its name, which no update speaks of: see the rename of a secret.
    immutable: ["provider"],
  },
  model_definition: {
    noun: "model definition",
    nouns: "model definitions",
    concurrency: 4,
    immutable: [],
  },
  endpoint: { noun: "endpoint", nouns: "endpoints", concurrency: 4, immutable: [] },
  // Each write of a budget makes the server compute every window again.
  budget: { noun: "budget", nouns: "budgets", concurrency: 1, immutable: [] },
};

/** Something that a resource names, and where it does so in the manifest. */
export interface Reference {
  readonly key: ResourceKey;
  readonly path: readonly (string | number)[];
}

/** Everything that a resource names, in the order of its fields; a thing can be named twice. */
export function referencesOf(resource: DesiredResource | ActualResource): Reference[] {
  switch (resource.kind) {
    case "secret":
      return [];
    case "model_definition": {
      const { secret } = resource.fields;
      return secret === undefined ? [] : [{ key: `secret/${secret}`, path: ["secret"] }];
    }
    case "endpoint":
      return endpointReferences(resource.fields);
    case "budget": {
      const { target_scope, target_value } = resource.fields;
      return target_scope === "ENDPOINT" && target_value !== undefined
        ? [{ key: `endpoint/${target_value}`, path: ["target_value"] }]
        : [];
    }
  }
}

function endpointReferences({ models, guardrails = [] }: EndpointFields): Reference[] {
  return [
    ...models.map(
      ({ model_definition }, index): Reference => ({
        key: `model_definition/${model_definition}`,
        path: ["models", index, "model_definition"],
      }),
    ),
    ...guardrails.flatMap(({ action_endpoint }, index): Reference[] =>
      action_endpoint === undefined
        ? []
        : [{ key: `endpoint/${action_endpoint}`, path: ["guardrails", index, "action_endpoint"] }],
    ),
  ];
}

/** The other resources that must be right before this one can be written, each once. */
export function dependenciesOf(resource: DesiredResource | ActualResource): ResourceKey[] {
  const keys = new Set(referencesOf(resource).map(({ key }) => key));
  // Guardrails are put on an endpoint that exists: it may rewrite its own text.
  keys.delete(keyOf(resource));
  return [...keys];
}

/** Whose a resource is; undefined is nobody's. */
export function effectiveOwner(
  resource: ActualResource,
  owner: string,
  known: KnownState,
): string | undefined {
  // A mark is never overruled: what we knew may be gone, and this somebody else's of that name.
  if (resource.owner !== undefined) return resource.owner;
  return known.owned.has(keyOf(resource)) ? owner : undefined;
}

export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
