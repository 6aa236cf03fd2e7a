import type { ResourceKey } from "#reconcile/state.ts";
import { groupBy } from "#runtime/group-by.ts";
import { FINDINGS_MAX } from "./bounded-schema.ts";
import type { Candidate } from "./declared.ts";
import { FindingList } from "./findings.ts";
import type { ManifestFinding, ManifestPath } from "./types.ts";

const RULE = "unique-names";

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
  const losses = [...claimsOf(files)].flatMap(([key, claims]) => {
    const managing = claims.filter(({ isExternal }) => !isExternal);
    const keeper = managing.find(({ file }) => last.get(file.name)?.has(key)) ?? managing[0];
    if (!keeper) return [];
    return claims.flatMap((claim) => (claim.file === keeper.file ? [] : { claim, keeper }));
  });
  const placeOf = await placesOf(losses.map(({ keeper }) => keeper));
  const found = new Map<string, FindingList>();
  for (const { claim, keeper } of losses) {
    const list = found.get(claim.file.name) ?? new FindingList();
    found.set(claim.file.name, list);
    if (list.isFull) list.add([], 1);
    else list.add([findingOf(claim, placeOf(keeper))]);
  }
  return found;
}

function findingOf({ path, isExternal }: Claim, place: string): ManifestFinding {
  const message = isExternal
    ? `must not be external: your own file declares it, ${place}`
    : `is used twice: another file declares it, ${place}`;
  return { rule: RULE, path: [...path, "name"], message };
}

/** What is declared by more than one file. */
function claimsOf(files: readonly Candidate[]): [ResourceKey, Claim[]][] {
  if (files.length < 2) return [];
  const claims = files.flatMap((file) =>
    file.subject.declarations.map((declaration): Claim => ({ file, ...declaration })),
  );
  return [...groupBy(claims, ({ key }) => key)].filter(([, { length }]) => length > 1);
}

/**
 * Where names are kept: of each file its first ones are looked up, all at once as its text is read
 * for it, and of the others the file is told.
 */
async function placesOf(keepers: readonly Claim[]): Promise<(keeper: Claim) => string> {
  const places = new Map<string, string>();
  const byFile = groupBy(new Set(keepers), ({ file }) => file);
  for (const [{ name, locate }, claims] of byFile) {
    const findings = claims
      .slice(0, FINDINGS_MAX)
      .map(({ path }) => ({ rule: RULE, path: [...path, "name"], message: "" }));
    for (const { path, line, column } of await locate(findings)) {
      places.set(`${name} ${path.join()}`, `${name}:${line}:${column}`);
    }
  }
  return ({ file: { name }, path }) => places.get(`${name} ${path.join()},name`) ?? name;
}
