import { mkdir, readFile, writeFile } from "node:fs/promises";
import { posix } from "node:path";

const SPECIFIER = /(\bfrom |\bimport\(|\bimport )"([^"]+)"/g;

/**
 * Copies the entry and every declaration that it leads to; what only our own code uses stays out.
 * Paths are relative to both folders, with forward slashes. Resolves to the paths copied.
 */
export async function copyDeclarations(
  sourceFolder: string,
  entry: string,
  targetFolder: string,
): Promise<string[]> {
  const files = [entry];
  for (const file of files) {
    const { text, files: found } = publish(await readFile(`${sourceFolder}/${file}`, "utf8"), file);
    files.push(...found.filter((path) => !files.includes(path)));
    await mkdir(posix.dirname(`${targetFolder}/${file}`), { recursive: true });
    await writeFile(`${targetFolder}/${file}`, text);
  }
  return files;
}

/**
 * tsc leaves imports in declarations as they were written. Outside of this project neither
 * `#runtime/errors.ts` nor `./errors.ts` means anything: both become relative paths ending in `.js`.
 */
export function publish(declaration: string, file: string): { text: string; files: string[] } {
  const files = new Set<string>();
  const text = declaration.replace(SPECIFIER, (whole, keyword: string, specifier: string) => {
    if (specifier.startsWith("node:")) return whole;
    const target = resolve(specifier, file);
    files.add(target.replace(/\.ts$/, ".d.ts"));
    const path = posix.relative(posix.dirname(file), target).replace(/\.ts$/, ".js");
    return `${keyword}"${path.startsWith(".") ? path : `./${path}`}"`;
  });
  return { text, files: [...files] };
}

/** The path of our own source file; the client has no other imports. */
function resolve(specifier: string, file: string): string {
  if (/^#[a-z]+\/.+\.ts$/.test(specifier)) return specifier.slice(1);
  if (/^\.\.?\/.+\.ts$/.test(specifier)) return posix.join(posix.dirname(file), specifier);
  throw new Error(`the declarations of the client import "${specifier}" in ${file}`);
}
