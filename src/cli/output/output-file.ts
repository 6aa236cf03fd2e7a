import { stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { GwopsContext, Output } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { reasonOf, systemCode } from "#local/errors.ts";
import { replaceFile } from "#local/private-file.ts";
import { visibleJson } from "#runtime/visible.ts";

/** Other names of what the process has open already: it goes on writing where it stands. */
const STANDARD: Readonly<Record<string, "stdout" | "stderr">> = {
  "-": "stdout",
  "/dev/stdout": "stdout",
  "/dev/fd/1": "stdout",
  "/proc/self/fd/1": "stdout",
  "/dev/stderr": "stderr",
  "/dev/fd/2": "stderr",
  "/proc/self/fd/2": "stderr",
};

const OPEN_ALREADY = /^\/(dev|proc\/[^/]+)\/fd\//;

/** Whether a result is written to stdout, where nothing else may stand then. */
export function isStdout(path: string | undefined): boolean {
  return path !== undefined && streamOf(path) === "stdout";
}

/**
 * Writes a result. A file is written whole or not at all, for the user alone: plans hold the
 * manifests' text. A link is followed; what is no regular file, such as a pipe, is written through.
 */
export async function saveFile(
  { folder, process }: Pick<GwopsContext, "folder" | "process">,
  path: string,
  content: string | object,
): Promise<void> {
  const text = typeof content === "string" ? content : `${visibleJson(content, 2)}\n`;
  const stream = streamOf(path);
  if (stream) return writeTo(process[stream], text);
  const target = resolve(folder, path);
  try {
    if (await isReplaceable(target)) await replaceFile(target, text);
    else await writeFile(target, text, { flag: "a" });
  } catch (error) {
    const code = systemCode(Object(error).cause) ?? systemCode(error);
    throw new UsageError(`${path} cannot be written: ${reasonOf(code)}`, { cause: error });
  }
}

function streamOf(path: string) {
  return Object.hasOwn(STANDARD, path) ? STANDARD[path] : undefined;
}

function writeTo(output: Output, text: string): void {
  output.write(text.endsWith("\n") ? text : `${text}\n`);
}

async function isReplaceable(path: string): Promise<boolean> {
  if (OPEN_ALREADY.test(path)) return false;
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (Object(error).code === "ENOENT") return true;
    throw error;
  }
}
