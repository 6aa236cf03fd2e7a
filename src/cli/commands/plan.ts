import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { FILES, onFlag, PLAN_FLAGS, type PlanFlags, textFlag } from "#cli/flags.ts";
import { readManifests } from "#cli/manifest-files.ts";
import { saveFile } from "#cli/output-file.ts";
import { planExitCode, planJson, plansMarkdown, requestOf, showPlans } from "#cli/plans.ts";
import { openBackend } from "#cli/session.ts";
import { print, printJson, say } from "#cli/show.ts";
import { planOwner } from "#sync/plan-owner.ts";
import { savedPlan } from "#sync/saved-plan.ts";

interface Flags extends PlanFlags {
  readonly markdown?: boolean | undefined;
  readonly outputFile?: string | undefined;
}

export const planCommand = buildCommand({
  parameters: {
    flags: {
      ...PLAN_FLAGS,
      markdown: onFlag("Print Markdown, for a comment on a pull request"),
      outputFile: textFlag("file", "Keep the plan in this file, for gwops apply --plan"),
    },
    positional: { ...FILES, minimum: 1 },
  },
  docs: {
    brief: "Show what applying manifests would change",
    fullDescription: `Compares the manifests with the gateway and prints what differs. Changes nothing.

Exit status: 0 nothing to change, 2 changes pending, 3 a guard refuses them, 4 a file is invalid.

Examples:
  gwops plan gateway.yaml
  gwops plan manifests/ --owner team-a --prune
  gwops plan manifests/ --output-file plan.json     then: gwops apply --plan plan.json
  gwops plan manifests/ --markdown >> "$GITHUB_STEP_SUMMARY"`,
  },
  func: plan,
});

async function plan(this: GwopsContext, flags: Flags, ...argumentList: string[]): Promise<void> {
  const files = await readManifests(this, argumentList, flags);
  const backend = await openBackend(this, flags);
  const request = await requestOf(this, backend, flags, files);
  const planned = await planOwner(backend.dependencies, request);
  if (flags.outputFile !== undefined) {
    await saveFile(this, flags.outputFile, savedPlan(request, planned));
    say(this, `the plan is in ${flags.outputFile}`);
  }
  if (flags.json) printJson(this, planJson(request, planned));
  else if (flags.markdown) print(this.process.stdout, plansMarkdown(planned));
  else showPlans(this, planned, this.process.stdout);
  this.process.exitCode = planExitCode(planned);
}
