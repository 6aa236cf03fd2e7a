import { buildCommand } from "@stricli/core";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { FILES, onFlag, PLAN_FLAGS, type PlanFlags, textFlag } from "#cli/input/flags.ts";
import { requestOf } from "#cli/input/plan-request.ts";
import { isStdout, saveFile } from "#cli/output/output-file.ts";
import { planExitCode, plansMarkdown, showPlans } from "#cli/output/plans.ts";
import { printJson, printText, say } from "#cli/output/show.ts";
import { withPolicyBeside } from "#cli/policy-beside.ts";
import { readFiles } from "#cli/read-files.ts";
import { UsageError } from "#cli/usage-error.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { type OwnerPlan, planOwner } from "#sync/owner/plan-owner.ts";
import { planReport } from "#sync/owner/plan-report.ts";
import { savedPlan, withoutValue } from "#sync/saved-plan.ts";

interface Flags extends PlanFlags {
  readonly markdown?: boolean | undefined;
  readonly outputFile?: string | undefined;
  readonly noValues?: boolean | undefined;
}

export const planCommand = buildCommand({
  parameters: {
    flags: {
      ...PLAN_FLAGS,
      markdown: onFlag("Print Markdown, for a comment on a pull request"),
      outputFile: textFlag(
        "file",
        "Keep the plan in this file (- is stdout), for gwops apply --plan",
      ),
      noValues: onFlag("Plan without looking up the values of secrets, as where no key is at hand"),
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
  gwops plan manifests/ --no-values --markdown >> "$GITHUB_STEP_SUMMARY"`,
  },
  func: plan,
});

async function plan(this: GwopsContext, asked: Flags, ...argumentList: string[]): Promise<void> {
  if (isStdout(asked.outputFile) && (asked.json || asked.markdown)) {
    throw new UsageError("--output-file, --json and --markdown all print to stdout: give one");
  }
  const flags = await withPolicyBeside(this, asked, argumentList);
  const files = await readFiles(this, argumentList, flags);
  const backend = await backendOf(this, flags);
  const request = {
    ...(await requestOf(this, backend, flags, files)),
    values: flags.noValues ? "not-looked-up" : "current",
  } as const;
  const planned = await planOwner(backend.dependencies, request);
  this.process.exitCode = planExitCode(planned);
  const isTaken = isStdout(flags.outputFile);
  if (flags.outputFile !== undefined) {
    await saveFile(this, flags.outputFile, savedPlan(backend.dependencies, request, planned));
    if (!isTaken) say(this, `the plan is in ${flags.outputFile}`);
  }
  if (isTaken) showPlans(this, planned, this.process.stderr);
  else if (flags.json) printJson(this, planReport(backend.dependencies, request, planned));
  else if (flags.markdown) printText(this.process.stdout, plansMarkdown(planned));
  else showPlans(this, planned, this.process.stdout);
  sayOfValues(this, planned);
}

/** What a plan without values lacks, and that one can be had where values are missing. */
function sayOfValues(context: GwopsContext, { checked, workspaces }: OwnerPlan): void {
  const secrets = withoutValue(workspaces.map(({ plan }) => plan));
  const issues = checked.invalid.flatMap((file) => file.issues);
  if (secrets.length > 0) {
    say(context, "values were not looked up, and may change too: such a plan cannot be applied");
  }
  if (issues.some(({ rule }) => rule === SecretSourceError.code)) {
    say(context, "to plan all else without the values of secrets: --no-values");
  }
}
