import { type Change, type FieldChange, fieldOf } from "#reconcile/change.ts";
import { isRecorded, TRAITS } from "#reconcile/kinds.ts";
import {
  type DesiredResource,
  type DesiredState,
  identityOf,
  type KnownState,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";

/** What changes of a resource that asks for a word before any change. */
export interface ProtectedUpdate {
  readonly key: ResourceKey;
  readonly fields: readonly FieldChange[];
}

/**
 * The updates of what is protected from changes, be it as it was declared last or as it is declared
 * now. That a resource is taken over, or marked anew, is none; nor is a new version of the value of
 * a secret, which must be able to rotate.
 */
export function protectedUpdates(
  changes: readonly Change[],
  known: KnownState,
): readonly ProtectedUpdate[] {
  return changes.flatMap((change) => {
    if (change.action !== "update" && change.action !== "adopt") return [];
    const { desired, actual } = change;
    const keys = [...keysOf(desired), keyOf(actual)];
    if (desired.protected !== "changes" && !keys.some((key) => isGuarded(known, key))) return [];
    const isNew = !known.owned.has(identityOf(actual));
    const fields = change.changed_fields.filter((field) => isCounted(field, change, isNew));
    return fields.length > 0 ? [{ key: keyOf(desired), fields }] : [];
  });
}

/** What is declared, was protected from changes, and is declared as that no more. */
export function endedProtection({ resources }: DesiredState, known: KnownState): ResourceKey[] {
  return resources.flatMap((resource) => {
    if (resource.protected === "changes") return [];
    return keysOf(resource).some((key) => isGuarded(known, key)) ? [keyOf(resource)] : [];
  });
}

/** A secret is renamed by a copy, and the old one keeps its protection. */
function keysOf({ kind, name, previous_name }: DesiredResource): ResourceKey[] {
  const isInPlace = previous_name !== undefined && TRAITS[kind].rename === "in-place";
  return isInPlace
    ? [keyOf({ kind, name }), keyOf({ kind, name: previous_name })]
    : [keyOf({ kind, name })];
}

function isGuarded({ protectedFromChanges }: KnownState, key: ResourceKey): boolean {
  return protectedFromChanges?.has(key) ?? false;
}

function isCounted(
  field: FieldChange,
  { desired: { kind } }: { readonly desired: DesiredResource },
  isNew: boolean,
): boolean {
  const name = fieldOf(field);
  if (name === "owner") return false;
  // Whoever takes something over keeps records of it that were not there before.
  if (isNew && (isRecorded(kind, field) || name === "value_from")) return false;
  return name !== "source_version" || (!isNew && field.before === undefined);
}
