import type { ResourceKey } from "#reconcile/state.ts";
import type { Candidate } from "./declared.ts";
import type { ManifestFinding, ManifestPath } from "./types.ts";

interface Claim {
  readonly file: Candidate;
  readonly path: ManifestPath;
  readonly isExternal: boolean;
}

/**
 * Names that two files of a workspace declare: one of them keeps the name, the other is wrong. The
 * keeper is the file that declared it when it was last applied, else the first by file name.
 */
export async function duplicates(
  files: readonly Candidate[],
  last: ReadonlyMap<string, ReadonlySet<ResourceKey>>,
): Promise<Map<string, readonly ManifestFinding[]>> {
  const found = new Map<string, ManifestFinding[]>();
  for (const [key, claims] of claimsOf(files)) {
    const managing = claims.filter(({ isExternal }) => !isExternal);
    const keeper = managing.find(({ file }) => last.get(file.name)?.has(key)) ?? managing[0];
    const losing = claims.filter(({ file }) => keeper && file !== keeper.file);
    const place = keeper && losing.length > 0 ? await placeOf(keeper) : "";
    for (const claim of losing) {
      const { name } = claim.file;
      found.set(name, [...(found.get(name) ?? []), findingOf(claim, place)]);
    }
  }
  return found;
}

function findingOf({ path, isExternal }: Claim, place: string): ManifestFinding {
  const message = isExternal
    ? `must not be external: your own file declares it, ${place}`
    : `is used twice: another file declares it, ${place}`;
  return { rule: "unique-names", path: [...path, "name"], message };
}

/** What is declared by more than one file. */
function claimsOf(files: readonly Candidate[]): [ResourceKey, Claim[]][] {
  if (files.length < 2) return [];
  const claims = new Map<ResourceKey, Claim[]>();
  for (const file of files) {
    for (const { key, path, isExternal } of file.subject.declarations) {
      const claim = { file, path, isExternal };
      const others = claims.get(key);
      if (others) others.push(claim);
      else claims.set(key, [claim]);
    }
  }
  return [...claims].filter(([, { length }]) => length > 1);
}

async function placeOf({ file, path }: Claim): Promise<string> {
  const finding = { rule: "unique-names", path: [...path, "name"], message: "" };
  const [issue] = await file.locate([finding]);
  return `${file.name}:${issue?.line}:${issue?.column}`;
}
