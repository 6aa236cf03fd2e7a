import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { MANIFEST_PREFIX } from "#sync/manifest-source.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { looksLikeManifest } from "./file-kind.ts";
import { expandPattern, filesBelow, isPattern } from "./glob.ts";

type Place = Pick<GwopsContext, "folder" | "readStdin">;

const STDIN = "-";
const STDIN_NAME = "stdin";
const MANIFEST = /\.(ya?ml|json)$/;
/** What the platform team grants, which lies beside the folders of the owners. */
const POLICY = /^policy\.(ya?ml|json)$/;

export interface Naming {
  readonly owner: string;
  readonly stack?: string | undefined;
}

/** What the arguments name, and what lies beside it in their folders and is no manifest. */
interface FoundFiles {
  readonly files: readonly OwnerFile[];
  readonly others: readonly string[];
}

/**
 * The manifests that the arguments name: files, folders (all `*.yaml`, `*.yml` and `*.json` below
 * but for `policy.yaml`), patterns, and `-` for stdin. Each is named by its path from the working
 * directory, with slashes; for a stack, by the key that it has or would have in the bucket. What a
 * folder or pattern holds beside manifests is left out; a file that is named is always read.
 */
export async function readManifests(
  place: Place,
  argumentList: readonly string[],
  { owner, stack }: Naming,
): Promise<FoundFiles> {
  /** Whether it is named itself. */
  const names = new Map<string, boolean>();
  for (const argument of argumentList) {
    const { paths, isNamed } = await pathsOf(place.folder, argument);
    for (const path of paths) names.set(path, isNamed || names.get(path) === true);
  }
  const read = await Promise.all([...names.keys()].map((name) => readManifest(place, name)));
  const files = read.filter(
    ({ name, content }) => names.get(name) !== false || looksLikeManifest(content),
  );
  const others = read.filter((file) => !files.includes(file)).map(({ name }) => name);
  if (argumentList.length > 0 && files.length === 0) {
    throw new UsageError(
      `${argumentList.join(", ")} holds no manifest: a manifest has version: and a section such as endpoints:, which ${others.join(", ")} lacks`,
    );
  }
  if (stack === undefined) return { files, others };
  return {
    files: files.map((file) => ({ ...file, name: bucketKey(owner, file.name) })),
    others,
  };
}

function bucketKey(owner: string, name: string): string {
  const folder = `${MANIFEST_PREFIX}${owner}/`;
  const within = `/${name}`.lastIndexOf(`/${folder}`);
  return within < 0 ? posix.join(folder, name) : name.slice(within);
}

interface Named {
  readonly paths: readonly string[];
  /** By itself, not by a folder or a pattern. */
  readonly isNamed: boolean;
}

async function pathsOf(folder: string, argument: string): Promise<Named> {
  if (argument === STDIN) return { paths: [STDIN], isNamed: true };
  const path = resolve(folder, argument);
  const kind = await kindOf(path);
  if (kind === "file") return { paths: [nameOf(folder, path)], isNamed: true };
  const found =
    kind === "folder"
      ? (await filesBelow(path, isManifest)).map((file) => join(path, file))
      : isPattern(argument)
        ? (await expandPattern(folder, argument)).map((file) => resolve(folder, file))
        : undefined;
  if (!found) throw new UsageError(`${argument}: there is no such file or folder`);
  if (found.length > 0) {
    return { paths: found.map((file) => nameOf(folder, file)), isNamed: false };
  }
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

function nameOf(folder: string, path: string): string {
  const fromHere = relative(folder, path);
  const name = fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere;
  return name.split(sep).join(posix.sep);
}

async function readManifest(place: Place, name: string): Promise<OwnerFile> {
  const content = name === STDIN ? await place.readStdin() : await readBytes(place.folder, name);
  const version = createHash("sha256").update(content).digest("hex");
  return { name: name === STDIN ? STDIN_NAME : name, version_id: `sha256:${version}`, content };
}

async function readBytes(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(folder, name));
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${Object(error).code}`, { cause: error });
  }
}
