import { posix, relative, sep } from "node:path";
import { UsageError } from "#cli/usage-error.ts";
import { firstOf } from "#runtime/first-of.ts";
import { isOwnerName } from "#runtime/marks.ts";
import { isNamedLikePolicy, MANIFEST_PREFIX } from "#sync/manifest-source.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { OWNER_DEFAULT, OWNER_RULE } from "./flags.ts";
import { type FoundFile, nameOf } from "./manifest-files.ts";
import { isWithin, type OwnersRoot, rootsOf } from "./owner-folders.ts";

interface Naming {
  /** The working directory. */
  readonly folder: string;
  /** Who is asked for; undefined leaves it to the folders. */
  readonly owner: string | undefined;
  readonly stack: string | undefined;
}

interface OwnedFiles {
  readonly owner: string;
  /** For a stack named by the keys that they have or would have in the bucket. */
  readonly files: readonly OwnerFile[];
}

interface Division {
  /** In the order of their names. */
  readonly owners: readonly OwnedFiles[];
  /** Whether folders say who the owners are, so that there may be several. */
  readonly isByFolder: boolean;
  /** Whether something lies in the folder of an owner. */
  readonly hasOwners: boolean;
  /** Folders of owners, in which the policy lies. */
  readonly roots: readonly string[];
  /** What is not as one may think. */
  readonly remarks: readonly string[];
}

type DividedFiles = Omit<Division, "roots" | "hasOwners">;

interface Located {
  readonly file: FoundFile;
  readonly root: OwnersRoot | undefined;
  /** The folder in the root; undefined for what lies in none. */
  readonly owner: string | undefined;
  /** Path in that folder, with slashes. */
  readonly within: string;
}

/**
 * Whose each file is: the owner that is asked for, else the folder that it lies in, else `default`.
 * Of a folder of owners only what the one owner has is taken that is asked for.
 */
export async function divide(files: readonly FoundFile[], naming: Naming): Promise<Division> {
  const places = files.flatMap(({ place }) => place ?? []);
  const found = await rootsOf(places, naming.folder);
  const located = files.map((file) => {
    return locate(file, file.place && found[places.indexOf(file.place)]);
  });
  const roots = [...new Set(found.flatMap((one) => one?.root ?? []))];
  const divided =
    naming.owner === undefined ? byFolder(located, naming) : asOne(naming.owner, located, naming);
  return { ...divided, hasOwners: ownersOf(located).length > 0, roots };
}

function locate(file: FoundFile, root: OwnersRoot | undefined): Located {
  if (!file.place || !root) return { file, root, owner: undefined, within: file.name };
  const [owner, ...rest] = relative(root.root, file.place.path).split(sep);
  if (rest.length === 0) return { file, root, owner: undefined, within: file.name };
  return { file, root, owner, within: rest.join(posix.sep) };
}

function byFolder(located: readonly Located[], naming: Naming): DividedFiles {
  const owners = ownersOf(located);
  if (owners.length === 0) return asOne(OWNER_DEFAULT, located, naming);
  checkFolders(located, naming);
  return {
    owners: owners.map((owner) => ({
      owner,
      files: located.filter((one) => one.owner === owner).map((one) => named(one, owner, naming)),
    })),
    isByFolder:
      owners.length > 1 ||
      located.some(({ file: { place }, root }) => {
        return (
          place?.folder !== undefined && root !== undefined && isWithin(place.folder, root.root)
        );
      }),
    remarks: [],
  };
}

/** Throws {@link UsageError} unless each file lies in the folder of an owner, and all in one root. */
function checkFolders(located: readonly Located[], { folder }: Naming): void {
  const shown = (path: string) => nameOf(folder, path);
  const inFolders = located.filter(({ owner }) => owner !== undefined);
  const [root = "", ...others] = new Set(inFolders.flatMap(({ root }) => root?.root ?? []));
  if (others.length > 0) {
    throw new UsageError(
      `${[root, ...others].map(shown).join(" and ")} hold folders of owners each: name one of them`,
    );
  }
  const known = ownersOf(located);
  const strays = located.filter(({ owner }) => owner === undefined).map(({ file }) => file.name);
  const policy = strays.find(isNamedLikePolicy);
  if (policy !== undefined) {
    throw new UsageError(
      `${policy} looks like a policy under a wrong name: call it policy.yaml, or take it out of ${shown(root)}`,
    );
  }
  if (strays.length > 0) {
    throw new UsageError(
      `in no owner's folder: ${firstOf(strays)}; ${shown(root)} holds those of ${known.join(", ")}: ` +
        "move it into one of them, or name one owner with --owner",
    );
  }
  const wrong = known.filter((owner) => !isOwnerName(owner));
  if (wrong.length === 0) return;
  throw new UsageError(
    `${wrong.map((name) => shown(posix.join(root, name))).join(", ")}: a folder in ${shown(root)} is named after its owner, and ${OWNER_RULE}; ` +
      "rename it, or name one owner with --owner",
  );
}

/** What is read as one owner's. */
function asOne(owner: string, located: readonly Located[], naming: Naming): DividedFiles {
  const others = ownersOf(located).filter((one) => one !== owner);
  const hasFolder = located.some((one) => one.owner === owner);
  const ruled = located.find((one) => one.owner !== undefined && one.root?.hasPolicy);
  if (!hasFolder && ruled?.root) {
    throw new UsageError(
      `${nameOf(naming.folder, ruled.root.root)} holds the folders of ${others.join(", ")}, and none of ${owner}`,
    );
  }
  const isOwn = (one: Located) => !hasFolder || one.owner === owner || one.root === undefined;
  const own = located.filter(isOwn);
  const leftOut = located.filter((one) => !isOwn(one)).map(({ file }) => file.name);
  return {
    owners: [{ owner, files: own.map((one) => named(one, owner, naming)) }],
    isByFolder: false,
    remarks: remarksOn(owner, hasFolder ? [] : others, leftOut),
  };
}

function remarksOn(
  owner: string,
  folders: readonly string[],
  leftOut: readonly string[],
): string[] {
  if (leftOut.length > 0)
    return [`left out, as not in the folder of ${owner}: ${firstOf(leftOut)}`];
  return folders.length > 0 ? [`the folders ${folders.join(", ")} are read as ${owner}'s`] : [];
}

function ownersOf(located: readonly Located[]): string[] {
  return [...new Set(located.flatMap(({ owner }) => owner ?? []))].sort();
}

function named(one: Located, owner: string, { stack }: Naming): OwnerFile {
  const { place: _, ...file } = one.file;
  if (stack === undefined) return file;
  const within = one.owner === owner ? one.within : file.name;
  return { ...file, name: posix.join(MANIFEST_PREFIX, owner, within) };
}
