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

/** A file of which no more is known than how large it is. */
interface SizedFile {
  readonly name: string;
  readonly bytes: number;
}

/**
 * What of an owner's files is too much together, and why: the largest ones, so that what is out of
 * measure stands in the way of nothing else.
 */
export function overFileLimits(files: readonly SizedFile[]): ReadonlyMap<string, ManifestIssue> {
  const sorted = [...files].sort(byName);
  const refused = new Map(
    sorted.slice(FILES_MAX).map(({ name }) => [name, limitIssue(TOO_MANY)] as const),
  );
  const bySize = sorted.slice(0, FILES_MAX).sort((one, other) => one.bytes - other.bytes);
  const all = bySize.reduce((sum, { bytes }) => sum + bytes, 0) / MEBIBYTE;
  const tooMuch = `is among the largest of this owner's files, which have ${all.toFixed(1)} MiB together; at most ${BYTES_MAX / MEBIBYTE} are allowed`;
  let bytes = 0;
  for (const file of bySize) {
    bytes += file.bytes;
    if (bytes > BYTES_MAX) refused.set(file.name, limitIssue(tooMuch));
  }
  return refused;
}

/** Files in order of their names, without the content of those that are too much together. */
export function withinLimits(files: readonly OwnerFile[]): OwnerFile[] {
  const sized = files.map(({ name, content }) => ({ name, bytes: content.length }));
  const refused = overFileLimits(sized);
  return [...files].sort(byName).map((file) => {
    const issue = file.refused ?? refused.get(file.name);
    return issue ? { ...file, content: "", refused: issue } : file;
  });
}

const TOO_MANY = `is one of more than ${FILES_MAX.toLocaleString("en-US")} files of this owner`;

function limitIssue(message: string): ManifestIssue {
  return { rule: "limits", path: [], line: 1, column: 1, message };
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
