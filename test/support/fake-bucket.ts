import type { ReportStore } from "#sync/end-run.ts";
import { readSnapshotText } from "#sync/history/read-snapshot.ts";
import type { Snapshot, SnapshotStore } from "#sync/history/snapshot.ts";
import {
  type ListedManifest,
  MANIFEST_PREFIX,
  type ManifestFolder,
  type ManifestShelf,
} from "#sync/manifest-source.ts";
import type { ApprovalSource } from "#sync/owner/approval.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import type { PreviewStore } from "#sync/preview/preview.ts";
import type { Preview } from "#sync/preview/preview-result.ts";
import type { RunReport } from "#sync/report/report.ts";

/** The versioned bucket, in memory. */
export class FakeBucket
  implements ManifestShelf, ReportStore, SnapshotStore, ApprovalSource, PreviewStore
{
  /** Keys of the objects that were read, in order. */
  readonly read: string[] = [];
  readonly reports: RunReport[] = [];
  readonly previews = new Map<string, { readonly preview: Preview; readonly markdown: string }>();
  readonly #files = new Map<string, OwnerFile>();
  readonly #snapshots = new Map<string, string>();
  readonly #written: string[] = [];
  readonly #keys = new Set<string>();
  readonly #approvals = new Map<string, string>();
  #versions = 0;

  /** Puts a new version of a manifest: text as it is, anything else as JSON. */
  put(key: string, manifest: unknown): string {
    this.#versions += 1;
    const content = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
    const version_id = `object-version-${this.#versions}`;
    this.#keys.add(key);
    this.#files.set(key, { name: key, content, version_id });
    return version_id;
  }

  delete(key: string): void {
    this.#files.delete(key);
  }

  approve(checksum: string, by: string): void {
    this.#approvals.set(checksum, by);
  }

  listManifests(prefix = MANIFEST_PREFIX): Promise<ListedManifest[]> {
    const files = [...this.#files.values()].filter(({ name }) => name.startsWith(prefix));
    const listed = files.map(({ name, content, version_id }) => ({
      key: name,
      bytes: Buffer.byteLength(content),
      etag: version_id,
    }));
    return Promise.resolve(listed.sort((one, other) => (one.key < other.key ? -1 : 1)));
  }

  async listTop(): Promise<ManifestFolder> {
    const listed = await this.listManifests();
    const rest = ({ key }: ListedManifest) => key.slice(MANIFEST_PREFIX.length).split("/");
    const folders = listed
      .map(rest)
      .flatMap(([folder = "", ...within]) => (within.length > 0 ? [folder] : []));
    return {
      files: listed.filter((one) => rest(one).length === 1),
      folders: [...new Set(folders)],
    };
  }

  readNewest(key: string): Promise<OwnerFile | undefined> {
    this.read.push(key);
    return Promise.resolve(this.#files.get(key));
  }

  async hadManifest(key: string): Promise<boolean> {
    return this.#keys.has(key);
  }

  async replaceManifest(key: string, text: string, read: OwnerFile | undefined): Promise<boolean> {
    if (this.#files.get(key)?.version_id !== read?.version_id) return false;
    this.put(key, text);
    return true;
  }

  async removeManifest(key: string, read: OwnerFile): Promise<boolean> {
    if (this.#files.get(key)?.version_id !== read.version_id) return false;
    this.delete(key);
    return true;
  }

  writeReport(report: RunReport): Promise<string> {
    this.reports.push(structuredClone(report));
    return Promise.resolve(`runs/${this.reports.length}.json`);
  }

  writePreview(key: string, preview: Preview, markdown: string): Promise<void> {
    this.previews.set(key, { preview: structuredClone(preview), markdown });
    return Promise.resolve();
  }

  writeSnapshot(snapshot: Snapshot): Promise<string> {
    const { owner, workspace, applied_at, run_id } = snapshot;
    const reference = `applied/${owner}/${workspace}/${applied_at}-${run_id}.json`;
    const text = JSON.stringify(snapshot);
    this.#snapshots.set(reference, text);
    this.#written.push(text);
    return Promise.resolve(reference);
  }

  forgetSnapshot(reference: string): Promise<void> {
    this.#snapshots.delete(reference);
    return Promise.resolve();
  }

  /** All that were ever kept, as they were written. */
  snapshots(): string[] {
    return [...this.#written];
  }

  readSnapshot(reference: string): Promise<Snapshot | undefined> {
    const json = this.#snapshots.get(reference);
    return (async () => (json === undefined ? undefined : readSnapshotText(reference, json)))();
  }

  /** As if somebody had put something else in the place of what was kept last for an owner. */
  damageSnapshot(owner: string, text: string): void {
    const ofOwner = [...this.#snapshots].filter(([, json]) => json.includes(`"owner":"${owner}"`));
    this.#snapshots.set(ofOwner.at(-1)?.[0] ?? "", text);
  }

  /** As if somebody had emptied the folder of what was applied. */
  loseSnapshots(): void {
    this.#snapshots.clear();
  }

  approver(checksum: string): Promise<string | undefined> {
    return Promise.resolve(this.#approvals.get(checksum));
  }
}
