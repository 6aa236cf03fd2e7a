import type { ManifestPath } from "#manifest/types.ts";
import type { Rule } from "./rule.ts";

/** What tools put values in place of: `${X}`, `$(X)`, `{{ x }}`, `#{x}`, `<% x %>`; bounded, as texts are long. */
const WITHIN =
  /\$\{[^{}]{1,100}\}|\$\([^()]{1,100}\)|\{\{[^{}]{1,100}\}\}|#\{[^{}]{1,100}\}|<%[^<>]{1,100}%>/;
/** What is one only where it is the whole text: `$X`, `<your-name>`. */
const WHOLE = /^(?:\$[A-Za-z_]\w{0,100}|<[A-Za-z][\w -]{0,100}>)$/;

export const placeholderLeft: Rule = {
  id: "placeholder-left",
  severity: "warning",
  title: "A text looks like a placeholder that nothing replaced",
  why: "Manifests are taken as they are: the resource would be called so",
  check: ({ manifest }) => {
    const found: { readonly path: ManifestPath; readonly message: string }[] = [];
    // Aliases repeat long texts many times.
    const known = new Map<string, string | undefined>();
    visitTexts(manifest, [], (text, path) => {
      if (!known.has(text)) known.set(text, (WITHIN.exec(text) ?? WHOLE.exec(text))?.[0]);
      const part = known.get(text);
      if (part === undefined) return;
      const message = `looks like a placeholder that nothing replaced, got ${JSON.stringify(part)}`;
      found.push({ path: [...path], message });
    });
    return found;
  },
};

/** All texts; keys of maps too, which stand at the place of their value. */
function visitTexts(
  value: unknown,
  path: (string | number)[],
  visit: (text: string, path: ManifestPath) => void,
): void {
  if (typeof value === "string") visit(value, path);
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    path.push(Array.isArray(value) ? Number(key) : key);
    if (!Array.isArray(value)) visit(key, path);
    visitTexts(part, path, visit);
    path.pop();
  }
}
