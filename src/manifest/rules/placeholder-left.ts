import type { ManifestPath } from "#manifest/types.ts";
import type { Rule } from "./rule.ts";

/**
 * What tools and people put values in place of: `${X}`, `$(X)`, `{{ x }}`, `#{x}`, `<% x %>`, and in
 * capitals `__X__`, `<X>` and `%X%`, but for what may be an escape in an address (`%E2%80`); bounded,
 * as texts are long.
 */
const WITHIN = new RegExp(
  [
    /\$\{[^{}]{1,100}\}|\$\([^()]{1,100}\)|\{\{[^{}]{1,100}\}\}|#\{[^{}]{1,100}\}|<%[^<>]{1,100}%>/,
    /__[A-Z](?:[A-Z0-9]|_(?!_)){0,100}__|<[A-Z][A-Z0-9_ -]{0,100}>|%(?![0-9A-F]{2})[A-Z][A-Z0-9_]{0,100}%/,
  ]
    .map(({ source }) => source)
    .join("|"),
);
/** What is one only as the whole text, or a whole part of a name: `$X`, `<your-name>`, `%team%`, `$X-chat`. */
const WHOLE =
  /(?<=^|[-./])(?:\$[A-Za-z_]\w{0,100}|<[A-Za-z][\w -]{0,100}>|%[A-Za-z_]\w{2,100}%|__[A-Za-z]\w{0,100}__|@[A-Za-z_]\w{0,100}@)(?=$|[-./])/;

export const placeholderLeft: Rule = {
  id: "placeholder-left",
  severity: "warning",
  title: "A text looks like a placeholder that nothing replaced",
  why: "Manifests are taken as they are: the resource would be called so",
  *check({ manifest }) {
    for (const { text, path } of textsIn(manifest, [])) {
      const part = (WITHIN.exec(text) ?? WHOLE.exec(text))?.[0];
      if (part === undefined) continue;
      const message = `looks like a placeholder that nothing replaced, got ${JSON.stringify(part)}`;
      yield { path: [...path], message };
    }
  },
};

/** All texts; keys of maps too, which stand at the place of their value. */
function* textsIn(
  value: unknown,
  path: (string | number)[],
): Generator<{ readonly text: string; readonly path: ManifestPath }> {
  if (typeof value === "string") yield { text: value, path };
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    path.push(Array.isArray(value) ? Number(key) : key);
    if (!Array.isArray(value)) yield { text: key, path };
    yield* textsIn(part, path);
    path.pop();
  }
}
