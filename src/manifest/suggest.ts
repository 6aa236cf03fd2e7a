import leven from "leven";

/** `did you mean "weight"?` for a near miss among the allowed words, else nothing. */
export function suggestion(word: string, allowed: readonly string[]): string {
  const [nearest] = allowed
    .map((candidate) => ({
      candidate,
      distance: leven(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return nearest ? `; did you mean "${nearest.candidate}"?` : "";
}
