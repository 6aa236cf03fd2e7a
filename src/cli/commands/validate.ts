import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { FILES, RULES_FLAGS, type RulesFlags } from "#cli/input/flags.ts";
import { readManifests } from "#cli/input/manifest-files.ts";
import { checkSettingsOf } from "#cli/input/plan-request.ts";
import { counted, printFindings, printJson, say } from "#cli/output/show.ts";
import { OwnerFiles } from "#sync/owner/owner-files.ts";

export const validateCommand = buildCommand({
  parameters: { flags: RULES_FLAGS, positional: { ...FILES, minimum: 1 } },
  docs: {
    brief: "Check manifests, without asking a gateway",
    fullDescription: `Reads all files as one owner's manifests, and prints everything that is wrong with them as
file:line:column. Needs no server and no login.

Exit status: 0 all are valid, 4 one is not.

Examples:
  gwops validate gateway.yaml
  gwops validate manifests/
  cat gateway.yaml | gwops validate -`,
  },
  func: validate,
});

async function validate(
  this: GwopsContext,
  flags: RulesFlags,
  ...argumentList: string[]
): Promise<void> {
  const files = await readManifests(this, argumentList, flags);
  const { checked } = await OwnerFiles.read(await checkSettingsOf(this, flags), files, new Map());
  const { invalid, warnings } = checked;
  const isInvalid = new Set(invalid.map(({ name }) => name));
  const valid = files.map(({ name }) => name).filter((name) => !isInvalid.has(name));
  if (flags.json) printJson(this, { valid, invalid, warnings });
  else printFindings(this, checked, this.process.stdout);
  say(this, `${counted(valid.length, "file")} valid, ${invalid.length} invalid`);
  if (invalid.length > 0) this.process.exitCode = EXIT.invalid;
}
