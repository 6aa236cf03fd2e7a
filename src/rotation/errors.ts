import { GatewayOpsError } from "#runtime/errors.ts";

/** Somebody has to set something up before the secret can be rotated; nothing was changed. */
export class RotationSetupError extends GatewayOpsError {
  override readonly name = "RotationSetupError";
  readonly code = "rotation-setup";
  readonly disposition = "reject";
}

/** The new value does not work, or not as the former one did: it never becomes AWSCURRENT. */
export class RotationRefusedError extends GatewayOpsError {
  override readonly name = "RotationRefusedError";
  static readonly code = "rotation-refused";
  readonly code = RotationRefusedError.code;
  readonly disposition = "reject";
}

/** It is not known whether the new value works, or it does not yet: the rotation may be repeated. */
export class RotationUnprovenError extends GatewayOpsError {
  override readonly name = "RotationUnprovenError";
  readonly code = "rotation-unproven";
  readonly disposition = "retry";
}
