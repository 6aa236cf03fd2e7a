import type { Kind, ResourceKey } from "#reconcile/state.ts";
import type { LedgerKind } from "#runtime/ledger.ts";

/** A manifest file as it is in force. */
export interface AppliedFile {
  /** Key in the bucket, or path on this machine. */
  readonly name: string;
  readonly version_id: string;
  readonly text: string;
  /** What it declared, and what of earlier declarations froze since: see `KnownState.frozen`. */
  readonly declares: readonly ResourceKey[];
  /**
   * A newer version was carried out in part, or not at all: what it asks for is neither as this text
   * says nor as that one does.
   */
  readonly is_half_applied?: true | undefined;
}

/** Something that an owner's run made or adopted, under the name with which the run left it. */
export interface OwnedResource {
  readonly kind: Kind;
  readonly name: string;
  readonly id: string;
}

/** Of the documents that this release writes, and the newest that it reads. */
export const SNAPSHOT_VERSION = 1;

/** What a run made of an owner's manifests in one workspace. Holds no secret value. */
export interface Snapshot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly run_id: string;
  readonly owner: string;
  readonly workspace: string;
  /** ISO 8601, UTC. */
  readonly applied_at: string;
  readonly files: readonly AppliedFile[];
  /** What is this owner's, and nothing else is: by kind and id. */
  readonly owned: readonly OwnedResource[];
  readonly protected: readonly ResourceKey[];
  /** Those of them that are protected from changes too; left out where there are none. */
  readonly protected_from_changes?: readonly ResourceKey[] | undefined;
  /** Of the secrets, by name: a model definition whose secret is frozen may leave its own out. */
  readonly providers: Readonly<Record<string, string>>;
}

/** Where snapshots are kept: too large for a record of the ledger. */
export interface SnapshotStore {
  /** Keeps the snapshot, at a place of its own by its run and time, and returns where. */
  writeSnapshot(snapshot: Snapshot): Promise<string>;
  /** Undefined: it is lost. Throws what `readSnapshotText` throws. */
  readSnapshot(reference: string): Promise<Snapshot | undefined>;
  /** Nothing refers to it any more: where nobody else clears up it is removed. */
  forgetSnapshot(reference: string): Promise<void>;
}

/** References to the snapshots of an owner, the newest first. */
export interface SnapshotList {
  readonly snapshots: readonly {
    readonly reference: string;
    /** Of the run that first applied these files: a later one may know other resources. */
    readonly run_id: string;
    readonly applied_at: string;
  }[];
}

/** By `<workspace>/<owner>`. */
export const SNAPSHOTS: LedgerKind<SnapshotList> = { name: "applied", version: 1 };
