import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { looksLikeManifest } from "./file-kind.ts";
import { expandPattern, filesBelow, isPattern } from "./glob.ts";

type Place = Pick<GwopsContext, "folder" | "readStdin">;

const STDIN = "-";
const STDIN_NAME = "stdin";
const MANIFEST = /\.(ya?ml|json)$/;
/** What the platform team grants, which lies beside the folders of the owners. */
const POLICY = /^policy\.(ya?ml|json)$/;

/** Where a file lies, and what named it; both are absolute paths. */
export interface FilePlace {
  readonly path: string;
  /** The folder that was named; undefined for a file that was named itself, or by a pattern. */
  readonly folder: string | undefined;
}

export interface FoundFile extends OwnerFile {
  /** Undefined for stdin. */
  readonly place: FilePlace | undefined;
}

/** What the arguments name, and what lies beside it in their folders and is no manifest. */
interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly others: readonly string[];
}

/**
 * The manifests that the arguments name: files, folders (all `*.yaml`, `*.yml` and `*.json` below
 * but for `policy.yaml`), patterns, and `-` for stdin. Each is named by its path from the working
 * directory, with slashes. What a folder or pattern holds beside manifests is left out; a file that
 * is named is always read.
 */
export async function readManifests(
  place: Place,
  argumentList: readonly string[],
): Promise<FoundFiles> {
  const found = new Map<string, Found>();
  for (const argument of argumentList) {
    for (const one of await findFiles(place.folder, argument)) {
      if (one.isNamed || !found.has(one.name)) found.set(one.name, one);
    }
  }
  const read = await Promise.all([...found.values()].map((one) => readManifest(place, one)));
  const files = read.filter(
    ({ name, content }) => found.get(name)?.isNamed !== false || looksLikeManifest(content),
  );
  const others = read.filter((file) => !files.includes(file)).map(({ name }) => name);
  if (argumentList.length > 0 && files.length === 0) {
    throw new UsageError(
      `${argumentList.join(", ")} holds no manifest: a manifest has version: and a section such as endpoints:, which ${others.join(", ")} lacks`,
    );
  }
  return { files, others };
}

/** A path as it is shown: from the working directory if it lies there, and with slashes. */
export function nameOf(folder: string, path: string): string {
  const fromHere = relative(folder, path);
  const name = fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere || ".";
  return name.split(sep).join(posix.sep);
}

interface Found extends Pick<FoundFile, "name" | "place"> {
  /** By itself, not by a folder or a pattern. */
  readonly isNamed: boolean;
}

async function findFiles(workingFolder: string, argument: string): Promise<Found[]> {
  if (argument === STDIN) return [{ name: STDIN_NAME, place: undefined, isNamed: true }];
  const foundAt = (path: string, isNamed: boolean, folder?: string): Found => {
    return { name: nameOf(workingFolder, path), place: { path, folder }, isNamed };
  };
  const path = resolve(workingFolder, argument);
  const kind = await kindOf(path);
  if (kind === "file") return [foundAt(path, true)];
  const found =
    kind === "folder"
      ? (await filesBelow(path, isManifest)).map((file) => foundAt(join(path, file), false, path))
      : isPattern(argument)
        ? (await expandPattern(workingFolder, argument)).map((file) =>
            foundAt(resolve(workingFolder, file), false),
          )
        : undefined;
  if (!found) throw new UsageError(`${argument}: there is no such file or folder`);
  if (found.length > 0) return found;
  throw new UsageError(
    kind === "folder"
      ? `${argument} holds no manifest: no *.yaml, *.yml or *.json`
      : `${argument}: no file has such a name`,
  );
}

function isManifest(path: string): boolean {
  return MANIFEST.test(path) && !POLICY.test(path);
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(Object(error).code)) return undefined;
    throw new UsageError(`${path} cannot be read: ${Object(error).code}`, { cause: error });
  }
}

async function readManifest({ readStdin }: Place, { name, place }: Found): Promise<FoundFile> {
  const content = place === undefined ? await readStdin() : await readBytes(name, place);
  const version = createHash("sha256").update(content).digest("hex");
  return { name, version_id: `sha256:${version}`, content, place };
}

async function readBytes(name: string, { path }: FilePlace): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${Object(error).code}`, { cause: error });
  }
}
