import type { Change, Notice } from "#reconcile/change.ts";
import { byText, effectiveOwner, TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type DesiredResource,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { isKnown, lookUp, type PlanContext } from "./context.ts";
import { isDenied } from "./grants.ts";
import type { Matching } from "./matching.ts";
import { inReverseOrder } from "./order.ts";
import { usersAfter } from "./users.ts";

type Delete = Extract<Change, { action: "delete" }>;

interface Pruning {
  readonly deletes: readonly Delete[];
  readonly notices: readonly Notice[];
}

/**
 * What goes away after the other changes, users before what they use: what the owner has, in
 * scope, and no longer declares; and secrets of which a copy with a new name was made.
 */
export function planDeletes(
  context: PlanContext,
  matching: Matching,
  changes: readonly Change[],
): Pruning {
  const pruned = prune(context);
  const renamed = deleteRenamed(context, matching, [...changes, ...pruned.deletes]);
  const deletes = [...pruned.deletes, ...renamed.deletes];
  const byActual = new Map(deletes.map((change) => [change.actual, change]));
  return {
    deletes: inReverseOrder([...byActual.keys()]).flatMap((actual) => byActual.get(actual) ?? []),
    notices: [...suspensionOf(context), ...pruned.notices, ...renamed.notices],
  };
}

function prune(context: PlanContext): Pruning {
  const deletes: Delete[] = [];
  const notices: Notice[] = [];
  for (const resources of undeclared(context)) {
    const [resource, ...others] = resources;
    if (!resource) continue;
    const notice = isKnown(context, resource)
      ? reasonToKeep(context, resource, others)
      : notKnown(resource);
    if (notice) notices.push(notice);
    else deletes.push({ action: "delete", actual: resource, reason: "pruned" });
  }
  return { deletes, notices };
}

/** Deletes the old ones of renamed secrets, also without prune: unless anything speaks against. */
function deleteRenamed(
  context: PlanContext,
  matching: Matching,
  changes: readonly Change[],
): Pruning {
  const deletes: Delete[] = [];
  const notices: Notice[] = [];
  const renamed = [...context.heirs].flatMap(([key, heirs]) => {
    const copies = heirs.filter(({ kind }) => TRAITS[kind].rename === "copy");
    const [old] = copies.length > 0 ? lookUp(context, key) : [];
    return old ? [{ old, copies }] : [];
  });
  if (renamed.length === 0) return { deletes, notices };
  const users = usersAfter(
    context.actual,
    changes,
    new Set(matching.blocked.map(({ key }) => key)),
  );
  const ready = new Set(matching.matches.map(({ desired }) => desired));
  for (const { old, copies } of renamed) {
    const isReady = copies.every((copy) => ready.has(copy));
    const reason = reasonToKeepRenamed(context, old, isReady, users.get(keyOf(old)) ?? []);
    if (reason === undefined) deletes.push({ action: "delete", actual: old, reason: "renamed" });
    else notices.push(leftBehind(old, copies, reason));
  }
  return { deletes, notices };
}

function suspensionOf({ options }: PlanContext): Notice[] {
  if (!options.prune || options.pruneSuspended === undefined) return [];
  return [
    { code: "prune-suspended", message: `nothing is deleted for now: ${options.pruneSuspended}` },
  ];
}

/** What the owner has in scope that is neither declared nor about to be, by key. */
function undeclared(context: PlanContext): ActualResource[][] {
  const { desired, known, declared, heirs, externals, actualByKey } = context;
  const kinds = new Set(desired.in_scope);
  const owned: ActualResource[][] = [];
  for (const [key, [first]] of actualByKey) {
    if (!first || !kinds.has(first.kind) || declared.has(key) || heirs.has(key)) continue;
    if (externals.has(key) || known.frozen.has(key)) continue;
    const found = lookUp(context, key);
    owned.push(found.filter((resource) => effectiveOwner(resource) === desired.owner));
  }
  return owned;
}

/** What carries our mark may have been made by a ledger that was lost, or be somebody's copy. */
function notKnown(resource: ActualResource): Notice {
  const message =
    "carries the mark of this owner, but no earlier run is known to have left it: it is not deleted";
  return { code: "not-pruned", key: keyOf(resource), message };
}

function reasonToKeep(
  { options, known }: PlanContext,
  resource: ActualResource,
  others: readonly ActualResource[],
): Notice | undefined {
  const key = keyOf(resource);
  const isProtected = known.protected.has(key);
  const kept = (message: string): Notice => ({ code: "not-pruned", key, message });
  if (!options.prune) {
    return kept(
      `is no longer declared${isProtected ? ", and protected" : ""}: prune would delete it`,
    );
  }
  if (options.pruneSuspended !== undefined) {
    return kept("is no longer declared; it stays while prune is suspended");
  }
  if (isProtected) {
    const message = "is no longer declared, but protected: it is not deleted";
    return { code: "protected", key, message };
  }
  if (isDenied(options, resource)) {
    return kept("is no longer declared, but no longer granted to its owner: it stays");
  }
  if (others.length > 0) {
    const ids = [resource, ...others].map(({ id }) => id).sort();
    return kept(`is on the gateway more than once (${ids.join(", ")}): delete it by hand`);
  }
  return undefined;
}

function reasonToKeepRenamed(
  context: PlanContext,
  old: ActualResource,
  isReady: boolean,
  users: readonly ResourceKey[],
): string | undefined {
  const { desired, known, options } = context;
  const key = keyOf(old);
  const owner = effectiveOwner(old);
  if (owner === undefined) return "nobody has marked it as theirs";
  if (owner !== desired.owner) return `it belongs to the owner "${owner}"`;
  if (!isKnown(context, old)) return "no earlier run is known to have left it";
  if (known.protected.has(key)) return "it is protected";
  if (known.frozen.has(key)) return "it was declared by a file that is now missing or invalid";
  if (!isReady) return "the new one is blocked or rejected";
  if (isDenied(options, old)) return "it is no longer granted to its owner";
  if (users.length > 0) return `it is still used by ${[...users].sort().join(", ")}`;
  return options.pruneSuspended === undefined ? undefined : "prune is suspended";
}

function leftBehind(
  old: ActualResource,
  heirs: readonly DesiredResource[],
  reason: string,
): Notice {
  const names = heirs.map(({ name }) => `"${name}"`).sort(byText);
  const message = `is renamed to ${names.join(" and ")}, but the old one is not deleted: ${reason}`;
  return { code: "not-pruned", key: keyOf(old), message };
}
