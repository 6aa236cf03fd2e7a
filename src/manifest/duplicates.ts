import type { ResourceKey } from "#reconcile/state.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { Candidate } from "./declared.ts";
import { FindingList } from "./findings.ts";
import type { ManifestFinding, ManifestPath } from "./types.ts";

interface Claim {
  readonly key: ResourceKey;
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
): Promise<Map<string, FindingList>> {
  const found = new Map<string, FindingList>();
  for (const [key, claims] of claimsOf(files)) {
    const managing = claims.filter(({ isExternal }) => !isExternal);
    const keeper = managing.find(({ file }) => last.get(file.name)?.has(key)) ?? managing[0];
    const losing = claims.filter(({ file }) => keeper && file !== keeper.file);
    for (const claim of losing) {
      const list = found.get(claim.file.name) ?? new FindingList();
      found.set(claim.file.name, list);
      if (list.isFull || !keeper) list.add([], 1);
      else list.add([findingOf(claim, await placeOf(keeper))]);
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
  const claims = files.flatMap((file) =>
    file.subject.declarations.map((declaration): Claim => ({ file, ...declaration })),
  );
  return [...groupBy(claims, ({ key }) => key)].filter(([, { length }]) => length > 1);
}

async function placeOf({ file, path }: Claim): Promise<string> {
  const finding = { rule: "unique-names", path: [...path, "name"], message: "" };
  const [issue] = await file.locate([finding]);
  return `${file.name}:${issue?.line}:${issue?.column}`;
}
