import type { Change } from "#reconcile/change.ts";
import { type ActualOf, type ActualState, type Kind, serverNameOf } from "#reconcile/state.ts";
import { isReservedTag } from "#runtime/marks.ts";
import { describeBinding } from "./compare.ts";

/**
 * What others lose with a change, or must do about it, in one line. Callers know an endpoint by
 * its address, which holds its name; MLflow deletes tags, bindings and grants with it.
 */
export function impactOf(change: Change, actual: ActualState): string | undefined {
  if (change.action === "create") return undefined;
  const gone = change.actual;
  if (change.action === "delete") {
    return lossOf(gone.kind, gone, actual, change.grants);
  }
  const name = serverNameOf(gone);
  if (change.desired.name === name) return undefined;
  return IMPACTS[gone.kind]?.renamed(name, change.desired.name);
}

function lossOf<K extends Kind>(
  kind: K,
  gone: ActualOf<K>,
  actual: ActualState,
  grants: readonly string[] | undefined,
): string | undefined {
  return IMPACTS[kind]?.deleted(gone, actual, grants);
}

interface Impact<K extends Kind> {
  deleted(gone: ActualOf<K>, actual: ActualState, grants: readonly string[] | undefined): string;
  renamed(before: string, after: string): string;
}

/** Null where nobody outside of the gateway knows one of the kind by its name. */
const IMPACTS: { readonly [K in Kind]: Impact<K> | null } = {
  secret: null,
  model_definition: null,
  endpoint: {
    deleted: lossOfEndpoint,
    renamed: (before, after) =>
      `callers of ${addressOf(before)} must go to ${addressOf(after)}; its id, tags, bindings and grants stay`,
  },
  budget: null,
};

function lossOfEndpoint(
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

/** Below the address of the server. */
function addressOf(endpoint: string): string {
  return `/gateway/${encodeURIComponent(endpoint.replace(/\p{Cs}/gu, "\uFFFD"))}/mlflow/invocations`;
}
