import type { ManifestIssue } from "#manifest/types.ts";

const MEBIBYTE = 1024 * 1024;
/** Twice what one file may be: 50,000 resources are not longer. All of it is held at once. */
const BYTES_MAX = 10 * MEBIBYTE;
const FILES_MAX = 1000;

/** A manifest file as it is now. */
export interface OwnerFile {
  /** Key in the bucket, or path on this machine. */
  readonly name: string;
  readonly version_id: string;
  readonly content: string | Uint8Array;
  /** Why its content was not kept. */
  readonly refused?: ManifestIssue | undefined;
}

/** A file that was kept as text, to be planned again. */
export function keptFile({ name, version_id, text }: KeptFile): OwnerFile {
  return { name, version_id, content: text };
}

interface KeptFile extends Pick<OwnerFile, "name" | "version_id"> {
  readonly text: string;
}

export function textOf({ content }: Pick<OwnerFile, "content">): string {
  return typeof content === "string" ? content : new TextDecoder().decode(content);
}

/**
 * Files in order of their names, without the content of those that are too much together: the
 * largest ones, so that what is out of measure stands in the way of nothing else.
 */
export function withinLimits(files: readonly OwnerFile[]): OwnerFile[] {
  const sorted = [...files].sort((one, other) => (one.name < other.name ? -1 : 1));
  const tooMany = new Set(sorted.slice(FILES_MAX));
  const bySize = sorted
    .filter((file) => !tooMany.has(file))
    .sort((one, other) => one.content.length - other.content.length);
  const tooLarge = new Set<OwnerFile>();
  let bytes = 0;
  for (const file of bySize) {
    bytes += file.content.length;
    if (bytes > BYTES_MAX) tooLarge.add(file);
  }
  const most = FILES_MAX.toLocaleString("en-US");
  return sorted.map((file) => {
    if (tooMany.has(file)) return refuse(file, `is one of more than ${most} files of this owner`);
    if (!tooLarge.has(file)) return file;
    const [all, limit] = [bytes / MEBIBYTE, BYTES_MAX / MEBIBYTE];
    return refuse(
      file,
      `is among the largest of this owner's files, which have ${all.toFixed(1)} MiB together; at most ${limit} are allowed`,
    );
  });
}

function refuse(file: OwnerFile, message: string): OwnerFile {
  const issue = { rule: "limits", path: [], line: 1, column: 1, message };
  return { ...file, content: "", refused: file.refused ?? issue };
}
