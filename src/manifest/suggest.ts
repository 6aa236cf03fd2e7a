import leven from "leven";

/** Pairs of letters that one search may compare: fifty thousand names of twenty letters. */
const PAIRS_MAX = 20_000_000;

/**
 * `did you mean "weight"?` for a near miss among the allowed words, else nothing. Of very many or
 * very long words only the first are looked at.
 */
export function suggestion(word: string, allowed: readonly string[]): string {
  const wanted = word.toLowerCase();
  let nearest: { readonly candidate: string; readonly distance: number } | undefined;
  let pairs = 0;
  for (const candidate of allowed) {
    const most = Math.max(1, Math.floor(candidate.length / 3));
    if (Math.abs(candidate.length - word.length) > most) continue;
    pairs += candidate.length * word.length;
    if (pairs > PAIRS_MAX) break;
    const maxDistance = Math.min(most, (nearest?.distance ?? Number.POSITIVE_INFINITY) - 1);
    // Beyond the maximum the distance is told as the maximum.
    const distance = leven(wanted, candidate.toLowerCase(), { maxDistance: maxDistance + 1 });
    if (distance <= maxDistance) nearest = { candidate, distance };
    if (nearest?.distance === 0) break;
  }
  return nearest ? `; did you mean "${nearest.candidate}"?` : "";
}
