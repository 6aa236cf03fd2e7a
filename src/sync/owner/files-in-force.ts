import type { CheckedWorkspace } from "#manifest/check-files.ts";
import { SECTIONS } from "#manifest/entries/all.ts";
import { parseManifest } from "#manifest/parse.ts";
import type { Manifest } from "#manifest/types.ts";
import { KINDS, keyOf, type ResourceKey } from "#reconcile/state.ts";
import type { AppliedFile } from "#sync/history/snapshot.ts";
import { type OwnerFile, textOf } from "#sync/owner-file.ts";

/** A manifest that speaks of nothing: everything that it declared before is left as it is. */
const SILENT = JSON.stringify({ version: 1 } satisfies Manifest);

/**
 * The files of a workspace as they are in force after a run. One of which every change was made is
 * so as it is now. Any other, be it gone, wrong or failed, is so as it was before, without what
 * other files took over from it.
 */
export async function filesInForce(
  { valid, declares }: CheckedWorkspace,
  previous: readonly AppliedFile[],
  files: readonly OwnerFile[],
  isApplied: (name: string) => boolean,
): Promise<AppliedFile[]> {
  const now = new Map(files.map((file) => [file.name, file]));
  const before = new Map(previous.map((file) => [file.name, file]));
  const inForce: AppliedFile[] = [];
  for (const [name, keys] of declares) {
    const file = now.get(name);
    if (file && isApplied(name)) {
      const { version_id } = file;
      inForce.push({ name, version_id, text: textOf(file), declares: keys });
    } else if (keys.length > 0) {
      const others = valid.filter((other) => other.name !== name);
      const taken = new Set(others.flatMap((other) => declares.get(other.name) ?? []));
      const version_id = file?.version_id ?? "";
      const former = before.get(name) ?? { name, version_id, text: SILENT, declares: [] };
      const isTried = others.length < valid.length;
      inForce.push({ ...(await asBefore(former, taken, isTried)), declares: keys });
    }
  }
  return inForce.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Without what other files took over; that a newer version failed is noted until one is applied. */
async function asBefore(
  former: AppliedFile,
  taken: ReadonlySet<ResourceKey>,
  isTried: boolean,
): Promise<AppliedFile> {
  const isLess = former.declares.some((key) => taken.has(key));
  return {
    ...former,
    text: isLess ? await without(taken, former.text) : former.text,
    ...(isTried && { is_half_applied: true }),
  };
}

async function without(taken: ReadonlySet<ResourceKey>, text: string): Promise<string> {
  const parsed = await parseManifest(text);
  if (!parsed.isValid) return SILENT;
  const { manifest } = parsed;
  const sections = KINDS.map((kind) => {
    const entries: readonly { readonly name: string }[] | undefined = manifest[SECTIONS[kind]];
    return [SECTIONS[kind], entries?.filter(({ name }) => !taken.has(keyOf({ kind, name })))];
  });
  return JSON.stringify({ ...manifest, ...Object.fromEntries(sections) });
}
