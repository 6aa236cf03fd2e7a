import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readSnapshotText } from "#sync/history/read-snapshot.ts";
import type { Snapshot, SnapshotStore } from "#sync/history/snapshot.ts";
import { readIfAny, replaceFile } from "./private-file.ts";

/** Snapshots as files: `<workspace>@<owner>/<time>-<run id>.json` below one folder. */
export class SnapshotFolder implements SnapshotStore {
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
    return readSnapshotText(path, text);
  }

  async forgetSnapshot(reference: string): Promise<void> {
    await rm(join(this.#folder, reference), { force: true });
  }
}
