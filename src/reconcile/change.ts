import type { PlanRule } from "./plan-rules.ts";
import type { ActualResource, DesiredResource, FieldsOf, Kind, ResourceKey } from "./state.ts";
import { keyOf } from "./state.ts";

/** A field of any kind, or the name of the resource itself, or our mark. */
export type FieldName =
  | "name"
  | "owner"
  | { readonly [K in Kind]: keyof FieldsOf[K] & string }[Kind];

/** `models`, or a place in it: `models[2].weight`, `tags.<key>`, whatever the key. */
export type FieldPath = FieldName | `${FieldName}.${string}` | `${FieldName}[${number}]${string}`;

/** One value, or one element of a list or map, that differs. */
export interface FieldChange {
  readonly path: FieldPath;
  /** Undefined: the gateway has none, or it is not known. */
  readonly before?: unknown;
  /** Undefined: it is taken away. */
  readonly after?: unknown;
  /** How it came about, in words, if that is known. */
  readonly remark?: string;
}

/**
 * One step towards the desired state, as JSON. `adopt` takes over a resource that nobody has
 * marked; it may have changed fields, like an update. An update whose `actual` has another name is
 * a rename in place.
 */
export type Change =
  | { readonly action: "create"; readonly desired: DesiredResource }
  | {
      readonly action: "update" | "adopt";
      readonly desired: DesiredResource;
      readonly actual: ActualResource;
      readonly changed_fields: readonly FieldChange[];
      /** Why a person should look twice, such as a provider key that is to go to another host. */
      readonly high_risk?: string;
    }
  | {
      readonly action: "delete";
      readonly actual: ActualResource;
      /** `renamed`: a secret, of which a copy with the new name was made before. */
      readonly reason: "pruned" | "renamed";
      /** What goes on using it, whosoever's that is; present when there is something. */
      readonly used_by?: readonly ResourceKey[];
      /** Of an endpoint: who was granted what on it, in words. MLflow deletes that with it. */
      readonly grants?: readonly string[];
    };

/** Something that people should know and that is no change. */
export interface Notice {
  readonly code:
    | "not-pruned"
    | "frozen"
    | "protected"
    | "unprotected"
    | "newly-protected"
    | "unknown-value"
    | "prune-suspended"
    | "replaced"
    | "no-history"
    | "value-not-looked-up";
  readonly key?: ResourceKey;
  readonly message: string;
}

/** A declared resource that is left alone; what depends on it is skipped. */
export interface Blocked {
  readonly key: ResourceKey;
  readonly message: string;
}

/** Something that a manifest may not ask for; the file that declares the resource is at fault. */
export interface PlanIssue {
  readonly rule: PlanRule;
  readonly key: ResourceKey;
  /** Fields below the resource in the manifest, such as `["models", 0]`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * All that is to be done for one owner in one workspace: a JSON document that can be kept, shown,
 * and applied later exactly as it is, or refused as stale. Holds no secret value, time or run id.
 */
export interface Plan {
  readonly version: 1;
  readonly owner: string;
  readonly workspace: string;
  /** Whether resources that are no longer declared are deleted. */
  readonly prune: boolean;
  /** In the order in which they can be carried out: by level and name, deletes last. */
  readonly changes: readonly Change[];
  readonly blocked: readonly Blocked[];
  readonly notices: readonly Notice[];
  /** What is protected from changes until now, and not after it: part of what is approved. */
  readonly ended_protection?: readonly ResourceKey[] | undefined;
  /** Kinds that no manifest speaks of. */
  readonly out_of_scope: readonly Kind[];
  /** Of the owner's resources before the changes, by kind: what guards count against. */
  readonly owned_before: Readonly<Record<Kind, number>>;
  /** SHA-256 of what the plan was made against: the resources it touches and what they need. */
  readonly fingerprint: string;
  /** SHA-256 of what the plan does: an approval fits exactly one. */
  readonly checksum: string;
}

/** The field that a path begins with: what is to be written. */
export function fieldOf({ path }: FieldChange): FieldName {
  return path.replace(/[.[].*$/s, "") as FieldName;
}

export function keyOfChange(change: Change): ResourceKey {
  return keyOf(change.action === "delete" ? change.actual : change.desired);
}
