import type { ManifestPath } from "#manifest/types.ts";
import type { Rule } from "./rule.ts";

/** What tools put values in place of: `${X}`, `$(X)`, `{{ x }}`, `#{x}`, `<% x %>`; bounded, as texts are long. */
const WITHIN =
  /\$\{[^{}]{1,100}\}|\$\([^()]{1,100}\)|\{\{[^{}]{1,100}\}\}|#\{[^{}]{1,100}\}|<%[^<>]{1,100}%>/;
/** What is one only as the whole text, or a whole part of a name: `$X`, `<your-name>`, `$X-chat`. */
const WHOLE = /(?<=^|[-./])(?:\$[A-Za-z_]\w{0,100}|<[A-Za-z][\w -]{0,100}>)(?=$|[-./])/;

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
