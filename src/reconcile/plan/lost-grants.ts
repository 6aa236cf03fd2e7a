import type { Change, Plan } from "#reconcile/change.ts";
import { checksumOf } from "./checksum.ts";

/** By id of the endpoint: who was granted what, in words. */
export type EndpointGrants = ReadonlyMap<string, readonly string[]>;

/** The plan that says who loses what with it: an approval of it is one of that, too. */
export function withLostGrants(plan: Plan, grants: EndpointGrants | undefined): Plan {
  if (!grants) return plan;
  const changes = plan.changes.map((change): Change => {
    if (change.action !== "delete" || change.actual.kind !== "endpoint") return change;
    const lost = grants.get(change.actual.id);
    return lost ? { ...change, grants: lost } : change;
  });
  return { ...plan, changes, checksum: checksumOf({ ...plan, changes }) };
}
