import { resolve } from "node:path";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { replaceFile } from "#local/private-file.ts";
import { visibleJson } from "#runtime/visible.ts";

/** Writes a result whole or not at all, for the user alone: plans hold the manifests' text. */
export async function saveFile(
  { folder }: Pick<GwopsContext, "folder">,
  path: string,
  content: string | object,
): Promise<void> {
  const text = typeof content === "string" ? content : `${visibleJson(content, 2)}\n`;
  try {
    await replaceFile(resolve(folder, path), text);
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${Object(error).code}`, { cause: error });
  }
}
