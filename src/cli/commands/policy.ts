import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { accessOf } from "#cli/input/access.ts";
import { ACCESS_FLAGS, type AccessFlags } from "#cli/input/flags.ts";
import { accessJson, accessText } from "#cli/output/access.ts";
import { printJson, printText } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";

export const policyCommand = buildCommand({
  parameters: { flags: ACCESS_FLAGS },
  docs: {
    brief: "Show what an owner may do",
    fullDescription: `Prints what a policy, or a deployed stack with its tenancy and policy, grants an owner: the
owner's own grants, or those of every owner that is not named. What is not granted is denied.

Examples:
  gwops policy --owner team-a --policy manifests/policy.yaml
  gwops policy --owner team-a --stack GatewayOps --json`,
  },
  func: policy,
});

async function policy(this: GwopsContext, flags: AccessFlags): Promise<void> {
  if (flags.policy === undefined && flags.stack === undefined) {
    throw new UsageError("say which policy: --policy FILE, or --stack NAME");
  }
  const access = await accessOf(this, flags);
  if (flags.json) printJson(this, accessJson(flags.owner, access));
  else printText(this.process.stdout, accessText(flags.owner, access));
}
