import type { Change } from "#reconcile/change.ts";
import type { EndpointGrants } from "#reconcile/plan/lost-grants.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { TrackingReader } from "./experiments.ts";

/**
 * The grants that go with the endpoints which are deleted: MLflow deletes them too, and none comes
 * back with a new endpoint of the same name. Asks only when an endpoint goes; undefined when nobody
 * can say.
 */
export async function grantsLost(
  tracking: TrackingReader,
  changes: readonly Change[],
): Promise<EndpointGrants | undefined> {
  const isLost = (change: Change) =>
    change.action === "delete" && change.actual.kind === "endpoint";
  if (!changes.some(isLost)) return undefined;
  const grants = await tracking.grants.list();
  if (!grants) return undefined;
  const byEndpoint = groupBy(grants, ({ endpoint_id }) => endpoint_id);
  return new Map(
    [...byEndpoint].map(([id, found]) => [
      id,
      found.map(({ holder, permission }) => `${holder}: ${permission}`).sort(),
    ]),
  );
}
