import type { OwnerFile } from "#sync/owner-file.ts";

/**
 * Why there is nothing to read. Who may not list a bucket is told `denied` of what is not there,
 * too.
 */
export type NotRead = "absent" | "denied";

/** The bucket of a deployed stack, as whoever writes an owner's manifests may use it: put and get. */
export interface AuthorBucket {
  readonly name: string;
  /** The newest version. */
  read(key: string): Promise<OwnerFile | NotRead>;
  /** Puts a new version, and returns its id. */
  put(key: string, content: OwnerFile["content"]): Promise<string>;
}

/** A version of an object that somebody waits for. */
export interface PutVersion {
  readonly key: string;
  readonly version_id: string;
}
