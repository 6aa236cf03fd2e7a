import type { Change } from "#reconcile/change.ts";
import type { ActualOf, ActualResource, ActualState } from "#reconcile/state.ts";
import { isReservedTag } from "#runtime/marks.ts";
import { describeBinding } from "./compare.ts";

/**
 * What others lose with a change, or must do about it, in one line. Callers know an endpoint by
 * its address, which holds its name; MLflow deletes tags, bindings and grants with it.
 */
export function impactOf(change: Change, actual: ActualState): string | undefined {
  if (change.action === "create") return undefined;
  if (change.action === "delete") {
    return change.actual.kind === "endpoint"
      ? lossOf(change.actual, actual, change.grants)
      : undefined;
  }
  const { desired, actual: before } = change;
  const name = serverNameOf(before);
  if (before.kind !== "endpoint" || desired.name === name) return undefined;
  return `callers of ${addressOf(name)} must go to ${addressOf(desired.name)}; its id, tags, bindings and grants stay`;
}

function lossOf(
  endpoint: ActualOf<"endpoint">,
  { resources }: ActualState,
  grants: readonly string[] | undefined,
): string {
  const { name, fields } = endpoint;
  const tags = Object.keys(fields.tags ?? {}).filter((key) => !isReservedTag(key));
  const bindings = (fields.bindings ?? []).map(describeBinding);
  const budgets = resources.flatMap((other) =>
    other.kind === "budget" &&
    other.fields.target_scope === "ENDPOINT" &&
    other.fields.target_value === name
      ? [other.name]
      : [],
  );
  const lost = [
    ...counted("tag", tags),
    ...counted("binding", bindings),
    ...counted("budget", budgets),
    ...counted("grant", grants ?? []),
  ];
  const also = lost.length > 0 ? `; with it go ${lost.join(", ")}` : "";
  return `callers lose ${addressOf(serverNameOf(endpoint))}${also}`;
}

function counted(noun: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`${names.length} ${noun}${names.length === 1 ? "" : "s"} (${names.join(", ")})`];
}

/** Somebody may have renamed by hand what goes by another name here. */
function serverNameOf({ name, server_name }: ActualResource): string {
  return server_name ?? name;
}

/** Below the address of the server. */
function addressOf(endpoint: string): string {
  return `/gateway/${encodeURIComponent(endpoint.replace(/\p{Cs}/gu, "\uFFFD"))}/mlflow/invocations`;
}
