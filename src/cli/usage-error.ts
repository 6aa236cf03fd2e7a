import { GatewayOpsError } from "#runtime/errors.ts";

/** The command cannot work with what it was given on the command line or in the environment. */
export class UsageError extends GatewayOpsError {
  override readonly name = "UsageError";
  readonly code = "usage";
  readonly disposition = "reject";
}
