import * as z from "zod";
import { GatewayOpsError } from "#runtime/errors.ts";
import { checkVersion, statedVersion } from "#runtime/version.ts";
import { SNAPSHOT_VERSION, type Snapshot } from "./snapshot.ts";

/** Somebody else wrote in the place of a snapshot, or only a part of it is left. */
export class DamagedSnapshotError extends GatewayOpsError {
  override readonly name = "DamagedSnapshotError";
  readonly code = "damaged-snapshot";
  readonly disposition = "retry";
}

const keySchema = z.custom<Snapshot["protected"][number]>(
  (value) => typeof value === "string" && value.includes("/"),
);
type Kind = Snapshot["owned"][number]["kind"];
const ownedSchema = z.object({
  kind: z.custom<Kind>((value) => typeof value === "string"),
  name: z.string(),
  id: z.string(),
});
const snapshotSchema: z.ZodType<Snapshot> = z.object({
  version: z.literal(SNAPSHOT_VERSION),
  run_id: z.string(),
  owner: z.string(),
  workspace: z.string(),
  applied_at: z.string(),
  files: z.array(
    z.object({
      name: z.string(),
      version_id: z.string(),
      text: z.string(),
      declares: z.array(keySchema),
      is_half_applied: z.literal(true).optional(),
    }),
  ),
  owned: z.array(ownedSchema),
  protected: z.array(keySchema),
  protected_from_changes: z.array(keySchema).optional(),
  providers: z.record(z.string(), z.string()),
});

/**
 * The snapshot in a text that some store kept, wherever that is: `place` is named when it is none.
 * Throws `NewerVersionError` or {@link DamagedSnapshotError}.
 */
export function readSnapshotText(place: string, text: string): Snapshot {
  const document = parseJson(text);
  checkVersion(`the snapshot ${place}`, statedVersion(document), SNAPSHOT_VERSION);
  const parsed = snapshotSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new DamagedSnapshotError(
    `${place} is not a snapshot of Gateway Ops: restore it, or move it away, and what it said is ` +
      "adopted anew",
    { cause: parsed.error },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
