import { parse } from "yaml";
import type { SecretReference } from "#secrets/value/reference.ts";

/** A row of one of the tables of docs/secrets.md. */
export interface ValueRow {
  /** The first two cells, to name a test. */
  readonly name: string;
  readonly stored: string;
  readonly reference: SecretReference;
  readonly use: { readonly provider: string; readonly auth_config?: Record<string, string> };
  /** The last cell. */
  readonly said: string;
}

interface ManifestCell {
  readonly provider: string;
  readonly auth_mode?: string;
  readonly keys?: Record<string, string>;
  readonly whole_as?: string;
}

/** The rows between the markers `<!-- name -->` and `<!-- /name -->`. */
export function rowsOf(markdown: string, name: string): ValueRow[] {
  const [, table = ""] = markdown.split(new RegExp(`<!-- /?${name} -->\n`));
  const lines = table.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => {
    const [stored = "", manifest = "", said = ""] = line.slice(2, -2).split(" | ");
    const cell: ManifestCell = parse(`{${code(manifest)}}`);
    const { provider, auth_mode, keys, whole_as } = cell;
    return {
      name: `${stored} with ${manifest}`,
      stored: unescaped(code(stored)),
      reference: { secrets_manager: "prod/key", keys, whole_as },
      use: { provider, ...(auth_mode === undefined ? {} : { auth_config: { auth_mode } }) },
      said,
    };
  });
}

/** What stands between backticks; two of them where there are some within. */
export function code(cell: string): string {
  return /^`` (.*) ``$/.exec(cell)?.[1] ?? cell.slice(1, -1);
}

/** JSON has escapes of its own. */
function unescaped(text: string): string {
  if (/^[{"]/.test(text)) return text;
  return text.replaceAll(/\\(?:u([0-9a-f]{4})|(n)|(\\))/g, (_, hex, line) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return line === undefined ? "\\" : "\n";
  });
}
