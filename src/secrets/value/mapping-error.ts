import { GatewayOpsError } from "#runtime/errors.ts";

/** The stored value is not what the manifest expects, or no provider could use it. Never shows the value. */
export class SecretMappingError extends GatewayOpsError {
  override readonly name = "SecretMappingError";
  readonly code = "secret-mapping";
  readonly disposition = "reject";
}
