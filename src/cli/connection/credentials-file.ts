/**
 * The section `[mlflow]` of `~/.mlflow/credentials`, as Python's configparser reads it: keys in any
 * case, `=` or `:`, comments on lines of their own.
 */
export function parseCredentials(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const [, header] = /^\[([^\]]+)\]/.exec(line) ?? [];
    if (header !== undefined) section = header;
    const [, key, value] = /^\s*([^#;=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === "mlflow" && key !== undefined && value !== undefined) {
      // In a file that configparser reads, a percent sign is written as two.
      values[key.toLowerCase()] = value.replaceAll("%%", "%");
    }
  }
  return values;
}
