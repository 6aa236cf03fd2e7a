import type { GwopsContext } from "./context.ts";
import { type Asked, policyBeside } from "./input/access.ts";
import { say } from "./output/show.ts";

/** The flags, with the policy that lies in a folder of manifests if none is named: it is told. */
export async function withPolicyBeside<Flags extends Asked>(
  context: GwopsContext,
  flags: Flags,
  argumentList: readonly string[],
): Promise<Flags> {
  const policy = await policyBeside(context, flags, argumentList);
  if (policy === undefined) return flags;
  say(context, `the policy ${policy} holds`);
  return { ...flags, policy };
}
