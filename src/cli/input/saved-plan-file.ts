import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import * as z from "zod";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { checkVersion, versionOf } from "#runtime/version.ts";
import { SAVED_PLAN_VERSION, type SavedPlan } from "#sync/saved-plan.ts";

/** What is used of a saved plan; the changes themselves are planned again and compared. */
const savedPlanSchema = z.object({
  version: z.literal(SAVED_PLAN_VERSION),
  owner: z.string(),
  workspace: z.string().optional(),
  prune: z.boolean(),
  files: z.array(z.object({ name: z.string(), version_id: z.string(), text: z.string() })),
  plans: z.array(z.looseObject({ workspace: z.string(), checksum: z.string() })),
});

/** A plan that `gwops plan --output-file` kept. */
export async function readSavedPlan(
  { folder }: Pick<GwopsContext, "folder">,
  path: string,
): Promise<SavedPlan> {
  const document = parseJson(await read(resolve(folder, path), path));
  checkVersion(`the plan ${path}`, versionOf(document), SAVED_PLAN_VERSION);
  const parsed = savedPlanSchema.safeParse(document);
  if (parsed.success) return parsed.data as unknown as SavedPlan;
  throw new UsageError(`${path} is not a plan that gwops plan --output-file wrote`, {
    cause: parsed.error,
  });
}

async function read(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${shown} cannot be read: ${Object(error).code}`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
