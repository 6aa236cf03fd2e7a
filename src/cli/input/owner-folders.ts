import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { UsageError } from "#cli/usage-error.ts";
import { isPolicyFile } from "./file-kind.ts";
import type { FilePlace } from "./manifest-files.ts";

/** As the folder of owners is called in the bucket. */
const ROOT_NAME = "manifests";
const POLICY_NAME = "policy.yaml";

/** A folder in which each folder is an owner. */
export interface OwnersRoot {
  readonly root: string;
  /** Whether a policy lies in it, so that nobody needs to guess. */
  readonly hasPolicy: boolean;
}

/**
 * For each file the folder of owners that it lies in, as far as there is one:
 *
 * 1. the nearest folder above what was named that holds a policy
 * 2. else the topmost from what was named down that does
 * 3. else one that is called `manifests`: the nearest above in the path from the working directory,
 *    else the topmost from what was named down
 * 4. else the folder that was named, if it holds manifests in folders
 */
export async function rootsOf(
  places: readonly FilePlace[],
  workingFolder: string,
): Promise<(OwnersRoot | undefined)[]> {
  const hasPolicy = policyLookUp();
  const nesting = new Set(
    places.filter(({ path, folder }) => dirname(path) !== folder).map(({ folder }) => folder),
  );
  const roots: (OwnersRoot | undefined)[] = [];
  for (const { path, folder } of places) {
    const above = foldersAbove(folder ?? path);
    const below = folder === undefined ? [] : foldersBetween(folder, path);
    const ruled = (await hasPolicy(above, "content")) ?? (await hasPolicy(below, "name"));
    const isHere = isWithin(workingFolder, path);
    const written = above.filter((each) => !isHere || isWithin(workingFolder, each));
    const called = [...written, ...below].find((each) => basename(each) === ROOT_NAME);
    const root = ruled ?? called ?? (nesting.has(folder) ? folder : undefined);
    roots.push(root === undefined ? undefined : { root, hasPolicy: root === ruled });
  }
  return roots;
}

/** From the nearest up. */
function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

/** From a folder down to the one that a file lies in, both included. */
function foldersBetween(folder: string, file: string): string[] {
  const parts = relative(folder, dirname(file)).split(sep).filter(Boolean);
  return ["", ...parts].map((_, index) => join(folder, ...parts.slice(0, index)));
}

export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/**
 * The first of the folders in which a policy lies. Above what was named other tools may keep files
 * of that name: there it is one by what it holds.
 */
function policyLookUp() {
  const contents = new Map<string, Promise<Uint8Array | undefined>>();
  return async (
    folders: readonly string[],
    by: "content" | "name",
  ): Promise<string | undefined> => {
    for (const folder of folders) {
      const reading = contents.get(folder) ?? contentOf(join(folder, POLICY_NAME));
      contents.set(folder, reading);
      const content = await reading;
      if (content === undefined) continue;
      if (by === "name" || isPolicyFile({ name: "", version_id: "", content })) return folder;
    }
    return undefined;
  };
}

async function contentOf(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = Object(error);
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(code)) return undefined;
    throw new UsageError(`${path} cannot be read: ${code}`, { cause: error });
  }
}
