import { groupBy } from "#runtime/group-by.ts";
import { type FedEndpoint, fedEndpoints } from "./fed-endpoints.ts";
import type { SecretStatus, StatusDependencies } from "./secret-status.ts";

/** An endpoint, and in which workspace. */
export interface AffectedEndpoint extends FedEndpoint {
  readonly workspace: string;
}

/**
 * The endpoints whose calls use any of these secrets, and what becomes of them when all of their
 * keys are turned off at once: a fallback that the same key feeds helps nobody.
 */
export async function affectedEndpoints(
  { gatewayOf, deadline }: StatusDependencies,
  secrets: readonly SecretStatus[],
): Promise<AffectedEndpoint[]> {
  const byWorkspace = groupBy(
    secrets,
    ({ workspace }) => workspace,
    ({ secret_id }) => secret_id,
  );
  const found: AffectedEndpoint[] = [];
  for (const [workspace, ids] of byWorkspace) {
    const gateway = gatewayOf(workspace, deadline);
    const [modelDefinitions, endpoints] = await Promise.all([
      gateway.modelDefinitions.list(),
      gateway.endpoints.list(),
    ]);
    const held = new Set(ids.filter((id) => id !== undefined));
    const fed = fedEndpoints({ modelDefinitions, endpoints }, held);
    found.push(...fed.map((endpoint) => ({ workspace, ...endpoint })));
  }
  return found;
}
