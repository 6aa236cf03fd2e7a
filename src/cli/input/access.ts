import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { type Access, accessUnder, OPEN } from "#manifest/access.ts";
import { isNamedLikePolicy } from "#sync/manifest-source.ts";
import { readLocalPolicy } from "./local-policy.ts";
import { nameOf } from "./manifest-files.ts";

export interface Asked {
  readonly owner: string;
  /** Path of a policy file. */
  readonly policy?: string | undefined;
  /** Name of a deployed stack. */
  readonly stack?: string | undefined;
}

const POLICY_NAME = "policy.yaml";
/** What is no manifest either: see `readManifests`. */
const DOCUMENT = /\.(ya?ml|json)$/i;

/**
 * What an owner may do: by the policy that is named, or in the stack that is. Without either
 * everything, as whoever runs this has the rights of an administrator of the gateway anyway.
 */
export async function accessOf(
  context: Pick<GwopsContext, "folder" | "permissionsOf">,
  { owner, policy, stack }: Asked,
): Promise<Access> {
  if (policy !== undefined && stack !== undefined) {
    throw new UsageError("--stack has a policy of its own: leave out --policy");
  }
  if (policy !== undefined) return accessUnder(await readLocalPolicy(context, policy), owner);
  return stack === undefined ? OPEN : (await context.permissionsOf(stack)).accessOf(owner);
}

/** The policy that lies in one of the folders; undefined if none does, or one is named. */
export async function policyBeside(
  { folder }: Pick<GwopsContext, "folder">,
  { policy, stack }: Omit<Asked, "owner">,
  folders: readonly string[],
): Promise<string | undefined> {
  if (policy !== undefined || stack !== undefined) return undefined;
  const found: string[] = [];
  for (const each of folders) found.push(...(await policiesIn(each, nameOf(folder, each))));
  const [one, ...others] = new Set(found);
  if (others.length === 0) return one;
  throw new UsageError(`${[one, ...others].join(" and ")} are policies: say which with --policy`);
}

/** `policy.yaml` directly in the folder; what looks like one under another name opens nothing. */
async function policiesIn(folder: string, shown: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes(POLICY_NAME)) return [join(shown, POLICY_NAME)];
  const wrong = names.find((name) => isNamedLikePolicy(name) && DOCUMENT.test(name));
  if (wrong === undefined) return [];
  throw new UsageError(
    `${join(shown, wrong)} looks like a policy under a wrong name: call it ${POLICY_NAME}, or name the policy that holds with --policy`,
  );
}
