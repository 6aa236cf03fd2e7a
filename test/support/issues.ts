import { OPEN } from "#manifest/access.ts";
import { type CheckedFiles, checkFiles, type FilesToCheck } from "#manifest/check-files.ts";
import { formatIssue } from "#manifest/errors.ts";
import { parseManifest } from "#manifest/parse.ts";

type Options = Partial<Omit<FilesToCheck, "files">>;

/** What is found in the files of an owner, which were never applied unless said so. */
export async function checkTexts(
  texts: Readonly<Record<string, string | Uint8Array>>,
  options: Options = {},
): Promise<CheckedFiles> {
  const files = await Promise.all(
    Object.entries(texts).map(async ([name, text]) => ({
      name,
      parsed: await parseManifest(text),
    })),
  );
  return checkFiles({
    files,
    frozenByFile: new Map(),
    sources: "aws",
    access: OPEN,
    allowLoopbackApiBase: false,
    ...options,
  });
}

/** As a person reads it, file by file: `gateway.yaml:3:5 ...`. */
export function linesOf(found: CheckedFiles["invalid"]): string[] {
  return found.flatMap(({ name, issues }) => issues.map((issue) => formatIssue(name, issue)));
}

/** What is wrong with a single file, from syntax to rules and policy. */
export async function issuesOf(text: string | Uint8Array, options?: Options): Promise<string[]> {
  return linesOf((await checkTexts({ "gateway.yaml": text }, options)).invalid);
}

export async function warningsOf(text: string, options?: Options): Promise<string[]> {
  return linesOf((await checkTexts({ "gateway.yaml": text }, options)).warnings);
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
