import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { checkVersion, versionOf } from "#runtime/version.ts";
import { SNAPSHOT_VERSION, type Snapshot, type SnapshotStore } from "#sync/history/snapshot.ts";
import { LocalFileError } from "./errors.ts";
import { readIfAny, replaceFile } from "./private-file.ts";

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
  providers: z.record(z.string(), z.string()),
});

/** Snapshots as files: `<workspace>@<owner>/<time>-<run id>.json` below one folder. */
export class SnapshotFiles implements SnapshotStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async writeSnapshot(snapshot: Snapshot): Promise<string> {
    const { workspace, owner, applied_at, run_id } = snapshot;
    const unit = `${encodeURIComponent(workspace)}@${encodeURIComponent(owner)}`;
    const time = applied_at.replace(/[:.]/g, "-");
    const reference = `${unit}/${time}-${encodeURIComponent(run_id)}.json`;
    await replaceFile(join(this.#folder, reference), `${JSON.stringify(snapshot, null, 1)}\n`);
    return reference;
  }

  async readSnapshot(reference: string): Promise<Snapshot | undefined> {
    const path = join(this.#folder, reference);
    const text = await readIfAny(path);
    if (text === undefined) return undefined;
    const document = parseJson(text);
    checkVersion(`the snapshot ${path}`, versionOf(document), SNAPSHOT_VERSION);
    const parsed = snapshotSchema.safeParse(document);
    if (parsed.success) return parsed.data;
    throw new LocalFileError(
      `${path} is not a snapshot of gwops: move it away, and what it says is adopted anew`,
      { cause: parsed.error },
    );
  }

  async forgetSnapshot(reference: string): Promise<void> {
    await rm(join(this.#folder, reference), { force: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
