import { GatewayOpsError } from "./errors.ts";

/**
 * A later release wrote what this one would read. Of the disposition `retry`, because no input is
 * wrong and none must be recorded as such: an older deployment leaves alone what it cannot
 * understand, and the same event passes once it is upgraded.
 */
class NewerVersionError extends GatewayOpsError {
  override readonly name = "NewerVersionError";
  readonly code = "newer-version";
  readonly disposition = "retry";
}

/**
 * Called by whatever reads a document that a release of ours wrote, before it looks at anything
 * but the version. Throws {@link NewerVersionError} for one that only a later release can know;
 * that the rest is as it should be is the reader's own check.
 */
export function checkVersion(what: string, version: unknown, known: number): void {
  if (typeof version !== "number" || version <= known) return;
  throw new NewerVersionError(
    `${what} has version ${version}, and this release of Gateway Ops knows versions up to ${known}: a ` +
      "later release wrote it, so upgrade this one; until then it is left as it is",
  );
}

/** The version that a document of ours states; undefined for what is none. */
export function statedVersion(document: unknown): unknown {
  return (Object(document) as { version?: unknown }).version;
}
