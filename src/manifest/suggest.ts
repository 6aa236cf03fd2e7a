import leven from "leven";

/** Pairs of letters that searches may compare together: fifty thousand names of twenty letters. */
const PAIRS_MAX = 20_000_000;

/** `; did you mean "weight"?` for a near miss among the allowed words, else nothing. */
export type Suggest = (word: string, allowed: readonly string[]) => string;

/** For one search. */
export const suggestion: Suggest = (word, allowed) => suggestions()(word, allowed);

/** For many searches, which share the bound: of very many or very long words the first are looked at. */
export function suggestions(): Suggest {
  let left = PAIRS_MAX;
  const spend = (pairs: number): boolean => {
    left -= pairs;
    return left >= 0;
  };
  return (word, allowed) => {
    const nearest = nearestOf(word, allowed, spend);
    return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  };
}

function nearestOf(
  word: string,
  allowed: readonly string[],
  spend: (pairs: number) => boolean,
): string | undefined {
  const wanted = word.toLowerCase();
  let nearest: string | undefined;
  let best = Number.POSITIVE_INFINITY;
  for (const candidate of allowed) {
    const most = Math.min(Math.max(1, Math.floor(candidate.length / 3)), best - 1);
    const isNear = Math.abs(candidate.length - word.length) <= most;
    if (!spend(isNear ? candidate.length * word.length : 1)) break;
    if (!isNear) continue;
    // Beyond the maximum the distance is told as the maximum.
    const distance = leven(wanted, candidate.toLowerCase(), { maxDistance: most + 1 });
    if (distance > most) continue;
    [nearest, best] = [candidate, distance];
    if (best === 0) break;
  }
  return nearest;
}
