import type { Change } from "#reconcile/change.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { TrackingReader } from "./experiments.ts";

/** By id of the endpoint: who was granted what, in words. */
export type Grants = ReadonlyMap<string, readonly string[]>;

/**
 * The grants that go with the endpoints which are deleted: MLflow deletes them too, and none comes
 * back with a new endpoint of the same name. Asks only when an endpoint goes; undefined when nobody
 * can say.
 */
export async function grantsLost(
  tracking: TrackingReader,
  changes: readonly Change[],
): Promise<Grants | undefined> {
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
