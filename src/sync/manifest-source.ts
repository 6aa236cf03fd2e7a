import { BYTES_MAX } from "#manifest/read.ts";
import type { ManifestIssue } from "#manifest/types.ts";
import { mapLimited } from "#runtime/limit.ts";
import { isOwnerName, OWNER_NAME_RULE } from "#runtime/marks.ts";
import { type OwnerFile, overFileLimits, withinLimits } from "./owner-file.ts";

/** A manifest that nobody has read yet. */
export interface ListedManifest {
  readonly key: string;
  readonly bytes: number;
  /** Another one for another content. */
  readonly etag: string;
}

/** What lies directly in a folder. */
export interface ManifestFolder {
  readonly files: readonly ListedManifest[];
  /** Names of its folders; an empty one too, as S3 may have it. */
  readonly folders: readonly string[];
}

/** Where people put manifests. */
export interface ManifestSource {
  /**
   * All manifests whose keys begin so, `manifests/policy.yaml` included.
   *
   * @param prefix within {@link MANIFEST_PREFIX}. @default all
   * @param max the first so many in the order of their keys, or a few more. @default all
   */
  listManifests(prefix?: string, max?: number): Promise<ListedManifest[]>;
  /** What lies directly in `manifests/`, however much lies in the folders there. */
  listTop(): Promise<ManifestFolder>;
  /** The newest version; undefined when the object was deleted. */
  readNewest(key: string): Promise<OwnerFile | undefined>;
}

/** A place of manifests to which earlier versions can be put back. */
export interface ManifestShelf extends ManifestSource {
  /** Whether it lay there once. */
  hadManifest(key: string): Promise<boolean>;
  /** In the place of what was read; false when that is no longer the newest version. */
  replaceManifest(key: string, text: string, read: OwnerFile | undefined): Promise<boolean>;
  /** The same, so that there is none; its versions stay. */
  removeManifest(key: string, read: OwnerFile): Promise<boolean>;
}

export const MANIFEST_PREFIX = "manifests/";
export const POLICY_KEY = `${MANIFEST_PREFIX}policy.yaml`;

/** What the S3 console calls a folder is an empty object whose name ends with a slash. */
export function isManifestKey(key: string): boolean {
  return key.startsWith(MANIFEST_PREFIX) && key !== POLICY_KEY && !key.endsWith("/");
}

/** What a person may have meant to be the policy; only what is exactly {@link POLICY_KEY} is. */
export function isNamedLikePolicy(key: string): boolean {
  const name = key.slice(key.lastIndexOf("/") + 1).trim();
  return key !== POLICY_KEY && /^polic(y|ies)([._ -].*)?$/i.test(name);
}

/** `manifests/<owner>/...`: the folder is the owner; empty when there is none. */
export function ownerOfKey(key: string): string {
  const [, owner, ...rest] = key.split("/");
  return rest.length > 0 && owner ? owner : "";
}

/** No owner's name begins like this. */
const FOLDER_WITHOUT_OWNER = "_without-owner";

/** Where the results for the files of an owner lie, or for files that are no owner's. */
export function resultFolder(owner: string): string {
  return isOwnerName(owner) ? owner : FOLDER_WITHOUT_OWNER;
}

/** What is wrong with a file that lies in no owner's folder. */
export function withoutOwner(key: string): ManifestIssue {
  const message = isNamedLikePolicy(key)
    ? `looks like a policy under a wrong name, and grants and denies nothing: the policy is ${POLICY_KEY}, in exactly these letters`
    : `must lie in a folder named after its owner (${OWNER_NAME_RULE}), such as manifests/default/gateway.yaml`;
  return { rule: "owner", path: [], line: 1, column: 1, message };
}

const READS_IN_FLIGHT = 4;

/** The owners that have manifests; an empty one stands for files that lie in no folder. */
export async function ownersOf(manifests: ManifestSource): Promise<string[]> {
  const { files, folders } = await manifests.listTop();
  const strays = files.filter(({ key }) => isManifestKey(key)).map(() => "");
  return [...new Set([...strays, ...folders])].sort();
}

/**
 * The newest version of every manifest of an owner. What is too much is not read: its size is known
 * before.
 */
export async function readFiles(manifests: ManifestSource, owner: string): Promise<OwnerFile[]> {
  const strays = owner === "" ? (await manifests.listTop()).files : [];
  const inFolder = await manifests.listManifests(`${MANIFEST_PREFIX}${owner}/`);
  const own = [...strays, ...inFolder].filter(
    ({ key }) => isManifestKey(key) && ownerOfKey(key) === owner,
  );
  // Of a file that is too long by itself no more is read than shows that.
  const sized = own.map(({ key, bytes }) => ({ name: key, bytes: Math.min(bytes, BYTES_MAX) }));
  const tooMuch = overFileLimits(sized);
  const files = await mapLimited(own, READS_IN_FLIGHT, ({ key, etag }) => {
    const refused = tooMuch.get(key);
    return refused ? refusedFile(key, etag, refused) : manifests.readNewest(key);
  });
  // A file may have grown since.
  return withinLimits(files.filter((file) => file !== undefined));
}

async function refusedFile(
  name: string,
  version_id: string,
  refused: ManifestIssue,
): Promise<OwnerFile> {
  return { name, version_id, content: "", refused };
}
