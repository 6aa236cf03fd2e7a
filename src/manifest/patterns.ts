/** What a grant allows, as the policy lists it. */
export interface Patterns {
  readonly list: readonly string[];
  readonly allow: (value: string) => boolean;
}

/**
 * `*` stands for any characters, also none; everything else for itself. Nothing is turned into a
 * regular expression: a value is walked through once for each pattern, whatever the pattern.
 */
export function patternsOf(list: readonly string[] = []): Patterns {
  const exact = new Set(list.filter((pattern) => !pattern.includes("*")));
  const parts = list.filter((pattern) => pattern.includes("*")).map((glob) => glob.split(/\*+/));
  return {
    list,
    allow: (value) => exact.has(value) || parts.some((glob) => matches(glob, value)),
  };
}

/** Whether the parts lie in the value in their order; the first begins it and the last ends it. */
function matches(glob: readonly string[], value: string): boolean {
  const [start = "", ...rest] = glob;
  const end = rest.at(-1) ?? "";
  if (!value.startsWith(start) || !value.endsWith(end)) return false;
  let from = start.length;
  for (const part of rest.slice(0, -1)) {
    const found = value.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= value.length - end.length;
}
