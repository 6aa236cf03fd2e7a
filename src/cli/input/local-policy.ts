import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parsePolicyApart } from "#apart/read-apart.ts";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import type { FileIssues } from "#manifest/check-files.ts";
import { ManifestError } from "#manifest/errors.ts";
import type { Policy } from "#manifest/policy-schema.ts";
import type { OwnerFile } from "#sync/owner-file.ts";

const parsePolicy = parsePolicyApart();

/** What the platform team grants. Throws {@link ManifestError} for a file that is no policy. */
export async function readLocalPolicy(
  { folder }: Pick<GwopsContext, "folder">,
  path: string,
): Promise<Policy> {
  const parsed = await parsePolicy(await read(resolve(folder, path), path));
  if (parsed.isValid) return parsed.policy;
  throw new ManifestError(path, parsed.issues);
}

/** What is wrong with policies; those that are right are not among them. */
export async function policyIssues(files: readonly OwnerFile[]): Promise<FileIssues[]> {
  const found: FileIssues[] = [];
  for (const { name, content } of files) {
    const parsed = await parsePolicy(content);
    if (!parsed.isValid) found.push({ name, issues: parsed.issues });
  }
  return found;
}

async function read(path: string, shown: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UsageError(`${shown} cannot be read: ${Object(error).code}`, { cause: error });
  }
}
