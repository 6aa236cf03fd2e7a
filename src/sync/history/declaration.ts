import { parseManifest } from "#manifest/parse.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type { Manifest, ParseManifest } from "#manifest/types.ts";
import { byText } from "#reconcile/kinds.ts";
import { canonicalJson, digestOf, normalized } from "#reconcile/plan/canonical.ts";
import { keyOf, WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import type { OwnerFile } from "#sync/owner-file.ts";

/**
 * Digests by which one knows a declaration again, however it is written: comments, white space, the
 * order of keys and entries, and defaults that are spelt out make no other one of it. The first is of
 * what it means; the second of what it says, which a release that understands more cannot change.
 */
export type Declaration = readonly string[];

function declarationOf(manifest: Manifest, workspace = WORKSPACE_DEFAULT): Declaration {
  const { lint: _, version: __, workspace: own = workspace, ...sections } = manifest;
  const { in_scope, resources, externals } = toDesired("", own, [manifest]);
  const said = Object.entries(sections).map(([name, entries]) => [name, inOrder(entries ?? [])]);
  const meant = [...resources].sort((one, other) => byText(keyOf(one), keyOf(other)));
  return [
    digestOf([own, in_scope, meant.map(normalized), [...externals].sort(byText)]),
    digestOf([own, Object.fromEntries(said)]),
  ];
}

/** By the names of files; one that is no manifest declares nothing, and is not among them. */
export async function declarationsIn(
  files: readonly OwnerFile[],
  { parse = parseManifest, workspace }: Reading,
): Promise<ReadonlyMap<string, Declaration>> {
  const declarations = new Map<string, Declaration>();
  for (const { name, content } of files) {
    const parsed = await parse(content);
    if (parsed.isValid) declarations.set(name, declarationOf(parsed.manifest, workspace));
  }
  return declarations;
}

interface Reading {
  readonly parse?: ParseManifest | undefined;
  /** Of files that name none. */
  readonly workspace?: string | undefined;
}

export function isSame(one: Declaration, others: readonly string[] = []): boolean {
  return one.some((digest) => others.includes(digest));
}

function inOrder(entries: readonly unknown[]): readonly unknown[] {
  return [...entries].sort((one, other) => byText(canonicalJson(one), canonicalJson(other)));
}
