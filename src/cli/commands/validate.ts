import { buildCommand } from "@stricli/core";
import { parseApart } from "#apart/read-apart.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { isPolicyFile } from "#cli/input/file-kind.ts";
import { type AskedOf, FILES, OWNER_FLAG, RULES_FLAGS, type RulesFlags } from "#cli/input/flags.ts";
import { policyIssues } from "#cli/input/local-policy.ts";
import { checkSettingsOf } from "#cli/input/plan-request.ts";
import { counted, printFindings, printJson, say } from "#cli/output/show.ts";
import { divideByOwner } from "#cli/owners.ts";
import { readNamedFiles } from "#cli/read-named-files.ts";
import type { FileIssues } from "#manifest/check-files.ts";
import { OwnerFiles } from "#sync/owner/owner-files.ts";

type Flags = AskedOf<RulesFlags>;

export const validateCommand = buildCommand({
  parameters: {
    flags: { ...RULES_FLAGS, owner: OWNER_FLAG },
    positional: { ...FILES, minimum: 1 },
  },
  docs: {
    brief: "Check manifests and policies, without asking a gateway",
    fullDescription: `Reads all files of an owner together, and prints everything that is wrong with them as
file:line:column. A policy is checked as such, and holds for the manifests beside it. Of a folder of
owners each is checked by itself. Needs no server and no login.

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
  asked: Flags,
  ...argumentList: string[]
): Promise<void> {
  const read = await readNamedFiles(this, argumentList);
  const manifests = read.filter((file) => !isPolicyFile(file));
  const { parts, policy } = await divideByOwner(this, asked, argumentList, manifests);
  const beside = policy === undefined ? [] : await readNamedFiles(this, [policy]);
  const isRead = new Set(read.map(({ name }) => name));
  const files = [...read, ...beside.filter(({ name }) => !isRead.has(name))];
  const invalid = await policyIssues(files.filter(isPolicyFile));
  // Under a policy that cannot be read manifests are checked for all else.
  const held = invalid.length > 0 ? undefined : policy;
  const warnings: FileIssues[] = [];
  for (const part of parts) {
    const settings = await checkSettingsOf(this, { ...part.flags, policy: held });
    const owned = await OwnerFiles.read(settings, part.files, new Map(), undefined, parseApart());
    invalid.push(...owned.checked.invalid);
    warnings.push(...owned.checked.warnings);
  }
  const isInvalid = new Set(invalid.map(({ name }) => name));
  const valid = files.map(({ name }) => name).filter((name) => !isInvalid.has(name));
  if (asked.json) printJson(this, { valid, invalid, warnings });
  else printFindings(this, { invalid, warnings }, this.process.stdout);
  say(this, `${counted(valid.length, "file")} valid, ${invalid.length} invalid`);
  if (invalid.length > 0) this.process.exitCode = EXIT.invalid;
}
