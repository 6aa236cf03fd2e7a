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

/** Why the system refused, in words. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not do that there",
  EPERM: "this user may not do that there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EFBIG: "this user may not write a file of that length",
  EDQUOT: "the quota of this user is used up",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "the path is too long",
  EEXIST: "a part of the path is a file, not a folder",
};

/** Of a failed system call; its code where there are no words for it. */
export function reasonOf(code: string | undefined): string | undefined {
  return code === undefined ? undefined : (REASONS[code] ?? code);
}

/** What to do about a file that gwops keeps and cannot use. */
const WAY_OUT = "make that possible, or name another place with --ledger FILE (GATEWAY_OPS_LEDGER)";

/** One sentence in place of what the system says; anything else than a system's error stays. */
export function fileFailure(operation: "read" | "written", path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof GatewayOpsError) return error;
  const message = `${path} cannot be ${operation}: ${reasonOf(code)}; ${WAY_OUT}`;
  return new LocalFileError(message, { cause: error });
}

export function notRegular(operation: "read" | "written", path: string): LocalFileError {
  return new LocalFileError(`${path} cannot be ${operation}: it is no regular file; ${WAY_OUT}`);
}
