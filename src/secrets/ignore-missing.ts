import { GatewayOpsError } from "#runtime/errors.ts";

/** For a delete on the gateway: what is not there is done. */
export function ignoreMissing(error: unknown): void {
  if (!(error instanceof GatewayOpsError) || error.code !== "gateway-not-found") throw error;
}
