import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import * as z from "zod";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { PLAN_VERSION } from "#reconcile/plan/document.ts";
import { checkVersion, statedVersion } from "#runtime/version.ts";
import type { SavedPlan } from "#sync/saved-plan.ts";
import { planReportSchema } from "./plan-schema.ts";

/** A plan of which the files were kept, too. */
const savedPlanSchema = planReportSchema.extend({
  workspace: z.string(),
  prune: z.boolean(),
  manifests: z.array(z.looseObject({ key: z.string(), version_id: z.string(), text: z.string() })),
});

/** A plan that `gwops plan --output-file` kept. */
export async function readSavedPlan(
  { folder }: Pick<GwopsContext, "folder">,
  path: string,
): Promise<SavedPlan> {
  const document = parseJson(await read(resolve(folder, path), path));
  checkVersion(`the plan ${path}`, statedVersion(document), PLAN_VERSION);
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
