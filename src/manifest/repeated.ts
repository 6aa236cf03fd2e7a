/** The items whose identity an item before them has; one without identity is never repeated. */
export function repeated<T>(
  items: readonly T[],
  identityOf: (item: T) => string | undefined,
): { readonly item: T; readonly position: number }[] {
  const seen = new Set<string>();
  const found: { item: T; position: number }[] = [];
  for (const [position, item] of items.entries()) {
    const identity = identityOf(item);
    if (identity === undefined) continue;
    if (seen.has(identity)) found.push({ item, position });
    seen.add(identity);
  }
  return found;
}
