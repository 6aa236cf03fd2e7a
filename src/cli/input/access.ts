import type { Backend } from "#cli/backend.ts";
import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { type Access, accessUnder, OPEN } from "#manifest/access.ts";
import { readLocalPolicy } from "./local-policy.ts";

interface Asked {
  readonly owner: string;
  /** Path of a policy file. */
  readonly policy?: string | undefined;
}

/**
 * What an owner may do: by the policy that is named, else by that of the stack. Without either
 * everything, as whoever runs this has the rights of an administrator of the gateway anyway.
 */
export async function accessOf(
  context: Pick<GwopsContext, "folder">,
  { owner, policy }: Asked,
  { permissions }: Pick<Backend, "permissions"> = {},
): Promise<Access> {
  if (policy === undefined) return permissions?.accessOf(owner) ?? OPEN;
  if (!permissions) return accessUnder(await readLocalPolicy(context, policy), owner);
  throw new UsageError("--stack has a policy of its own: leave out --policy");
}
