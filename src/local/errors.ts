import { GatewayOpsError } from "#runtime/errors.ts";

/** A file that gwops keeps on this machine is broken, foreign, or not safe to use. */
export class LocalFileError extends GatewayOpsError {
  override readonly name = "LocalFileError";
  readonly code = "local-file";
  readonly disposition = "reject";
}

/** Another process holds the file; it lets go within moments, unless it died in between. */
export class LocalLockError extends GatewayOpsError {
  override readonly name = "LocalLockError";
  readonly code = "local-lock";
  readonly disposition = "retry";
}

/** The code of a failed system call, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}
