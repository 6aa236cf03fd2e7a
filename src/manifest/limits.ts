import type { Candidate } from "./declared.ts";
import type { ManifestFinding } from "./types.ts";

const RESOURCES_MAX = 50_000;
/** The server loads no more of them. */
const BUDGETS_MAX = 1_000;

/** The files, in order of their names, from which on an owner has too much. */
export function overLimits(files: readonly Candidate[]): Map<string, readonly ManifestFinding[]> {
  const found = new Map<string, readonly ManifestFinding[]>();
  let [resources, budgets] = [0, 0];
  for (const { name, subject } of files) {
    resources += subject.declarations.length;
    budgets += subject.budgets.length;
    const findings = [
      ...over([], resources, RESOURCES_MAX, "resources"),
      ...over(["budgets"], budgets, BUDGETS_MAX, "budgets"),
    ];
    if (findings.length === 0) continue;
    found.set(name, findings);
    // What is left out does not count for the files after it.
    resources -= subject.declarations.length;
    budgets -= subject.budgets.length;
  }
  return found;
}

function over(path: string[], count: number, most: number, what: string): ManifestFinding[] {
  if (count <= most) return [];
  const [number, limit] = [count, most].map((value) => value.toLocaleString("en-US"));
  const message = `would bring this owner to ${number} ${what}; at most ${limit} are allowed`;
  return [{ rule: "limits", path, message }];
}
