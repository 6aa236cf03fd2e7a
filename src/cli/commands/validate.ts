import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { isPolicyFile } from "#cli/input/file-kind.ts";
import { FILES, RULES_FLAGS, type RulesFlags } from "#cli/input/flags.ts";
import { policyIssues } from "#cli/input/local-policy.ts";
import { checkSettingsOf } from "#cli/input/plan-request.ts";
import { counted, printFindings, printJson, say } from "#cli/output/show.ts";
import { withPolicyBeside } from "#cli/policy-beside.ts";
import { readFiles } from "#cli/read-files.ts";
import { OwnerFiles } from "#sync/owner/owner-files.ts";
import { parseInThread } from "#thread/parse-in-thread.ts";

export const validateCommand = buildCommand({
  parameters: { flags: RULES_FLAGS, positional: { ...FILES, minimum: 1 } },
  docs: {
    brief: "Check manifests and policies, without asking a gateway",
    fullDescription: `Reads all files as one owner's manifests, and prints everything that is wrong with them as
file:line:column. A policy is checked as such, and holds for the manifests beside it. Needs no server
and no login.

Exit status: 0 all are valid, 4 one is not.

Examples:
  gwops validate gateway.yaml
  gwops validate manifests/
  gwops validate policy.yaml
  cat gateway.yaml | gwops validate -`,
  },
  func: validate,
});

async function validate(
  this: GwopsContext,
  asked: RulesFlags,
  ...argumentList: string[]
): Promise<void> {
  const flags = await withPolicyBeside(this, asked, argumentList);
  const paths = flags.policy === undefined ? argumentList : [...argumentList, flags.policy];
  const files = await readFiles(this, paths, flags);
  const policies = files.filter(isPolicyFile);
  const manifests = files.filter((file) => !policies.includes(file));
  const invalidPolicies = await policyIssues(policies);
  // Under a policy that cannot be read manifests are checked for all else.
  const policy = invalidPolicies.length > 0 ? undefined : flags.policy;
  const settings = await checkSettingsOf(this, { ...flags, policy });
  const { checked } = await OwnerFiles.read(
    settings,
    manifests,
    new Map(),
    undefined,
    parseInThread(),
  );
  const { warnings } = checked;
  const invalid = [...invalidPolicies, ...checked.invalid];
  const isInvalid = new Set(invalid.map(({ name }) => name));
  const valid = files.map(({ name }) => name).filter((name) => !isInvalid.has(name));
  if (flags.json) printJson(this, { valid, invalid, warnings });
  else printFindings(this, { invalid, warnings }, this.process.stdout);
  say(this, `${counted(valid.length, "file")} valid, ${invalid.length} invalid`);
  if (invalid.length > 0) this.process.exitCode = EXIT.invalid;
}
