import { formatIssue } from "#manifest/errors.ts";
import { parseManifest } from "#manifest/parse.ts";

/** What is wrong with a manifest, as a person reads it: `gateway.yaml:3:5 ...`. */
export async function issuesOf(text: string): Promise<string[]> {
  const parsed = await parseManifest(text);
  return parsed.isValid ? [] : parsed.issues.map((issue) => formatIssue("gateway.yaml", issue));
}

/** Text without the indentation of the test around it. */
export function yaml(parts: TemplateStringsArray, ...values: readonly string[]): string {
  const text = String.raw({ raw: parts }, ...values);
  const lines = text.replace(/^\n/, "").split("\n");
  const indent = Math.min(
    ...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)),
  );
  return lines
    .map((line) => line.slice(indent))
    .join("\n")
    .trimEnd()
    .concat("\n");
}
