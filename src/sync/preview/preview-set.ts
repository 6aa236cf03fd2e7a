import { BYTES_MAX } from "#manifest/read.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { checkVersion, statedVersion } from "#runtime/version.ts";
import { MANIFEST_PREFIX } from "#sync/manifest-source.ts";
import { type OwnerFile, textOf } from "#sync/owner-file.ts";

const SET_VERSION = 1;
const FILES_MAX = 1000;

/** Files of one owner that are planned together: one object, so that one put is one plan. */
interface PreviewSet {
  readonly version: typeof SET_VERSION;
  readonly files: readonly {
    /** Below `manifests/<owner>/`. */
    readonly path: string;
    readonly text: string;
  }[];
}

/** Several files cannot be planned as one set. */
class PreviewSetError extends GatewayOpsError {
  override readonly name = "PreviewSetError";
  readonly code = "preview-set";
  readonly disposition = "reject";
}

/** The text of a set, of files that go by the keys that they would have in the bucket. */
export function setOf(owner: string, files: readonly OwnerFile[]): string {
  const folder = folderOf(owner);
  const set: PreviewSet = {
    version: SET_VERSION,
    files: files.map((file) => ({ path: file.name.slice(folder.length), text: utf8Of(file) })),
  };
  const text = JSON.stringify(set);
  const bytes = Buffer.byteLength(text);
  if (files.length > FILES_MAX) {
    throw new PreviewSetError(
      `at most ${FILES_MAX} files can be planned together, got ${files.length}`,
    );
  }
  if (bytes <= BYTES_MAX) return text;
  throw new PreviewSetError(
    `the files have ${bytes} bytes together, as JSON; at most ${BYTES_MAX} can be planned at once`,
  );
}

/** The files of a set as they would lie in the bucket. Throws for what is no set. */
export function filesOfSet(owner: string, set: OwnerFile): OwnerFile[] {
  const files = listedIn(set);
  const names = new Set<string>();
  return files.map(({ path, text }) => {
    if (!isPath(path) || typeof text !== "string" || names.has(path)) throw noSet(set.name);
    names.add(path);
    return { name: `${folderOf(owner)}${path}`, version_id: set.version_id, content: text };
  });
}

function listedIn(set: OwnerFile): readonly { readonly path?: unknown; readonly text?: unknown }[] {
  if (set.content.length > BYTES_MAX) {
    throw new PreviewSetError(`${set.name} is larger than ${BYTES_MAX} bytes`);
  }
  const document = parseJson(textOf(set));
  checkVersion(`the set ${set.name}`, statedVersion(document), SET_VERSION);
  const { files } = Object(document) as { readonly files?: unknown };
  const isList = Array.isArray(files) && files.length > 0 && files.length <= FILES_MAX;
  if (statedVersion(document) !== SET_VERSION || !isList) throw noSet(set.name);
  return files.map(Object);
}

function noSet(key: string): PreviewSetError {
  return new PreviewSetError(
    `${key} is no set of files as gwops plan --remote puts it: { "version": ${SET_VERSION}, "files": [{ "path", "text" }] }, with 1 to ${FILES_MAX} paths, none twice`,
  );
}

function isPath(path: unknown): path is string {
  if (typeof path !== "string") return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function folderOf(owner: string): string {
  return `${MANIFEST_PREFIX}${owner}/`;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function utf8Of({ name, content }: OwnerFile): string {
  if (typeof content === "string") return content;
  try {
    return UTF8.decode(content);
  } catch (error) {
    throw new PreviewSetError(`${name} is not UTF-8 text`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
