import { buildCommand } from "@stricli/core";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import {
  type AskedOf,
  FILES,
  OWNER_FLAG,
  onFlag,
  PLAN_FLAGS,
  type PlanFlags,
  textFlag,
} from "#cli/input/flags.ts";
import { requestOf } from "#cli/input/plan-request.ts";
import { isStdout, saveFile } from "#cli/output/output-file.ts";
import { planExitCode, plansMarkdown, showPlans } from "#cli/output/plans.ts";
import { printText, say } from "#cli/output/show.ts";
import { type OwnerPart, readByOwner, type Worked, workByOwner } from "#cli/owners.ts";
import { UsageError } from "#cli/usage-error.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { type OwnerPlan, planOwner } from "#sync/owner/plan-owner.ts";
import { planReport } from "#sync/owner/plan-report.ts";
import { savedPlan, withoutValue } from "#sync/saved-plan.ts";

interface Flags extends AskedOf<PlanFlags> {
  readonly markdown?: boolean | undefined;
  readonly outputFile?: string | undefined;
  readonly noValues?: boolean | undefined;
}

export const planCommand = buildCommand({
  parameters: {
    flags: {
      ...PLAN_FLAGS,
      owner: OWNER_FLAG,
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
    fullDescription: `Compares the manifests with the gateway and prints what differs. Changes nothing. Of a folder
of owners each is planned by itself, under the policy.yaml that lies beside their folders.

Exit status: 0 nothing to change, 2 changes pending, 3 a guard refuses them, 4 a file is invalid; of
several owners the gravest: 1, 4, 3, 2, 0.

Examples:
  gwops plan gateway.yaml
  gwops plan manifests/                             of manifests/<owner>/...: one plan an owner
  gwops plan manifests/ --owner team-a --prune
  gwops plan gateway.yaml --output-file plan.json   then: gwops apply --plan plan.json
  gwops plan manifests/ --no-values --markdown >> "$GITHUB_STEP_SUMMARY"`,
  },
  func: plan,
});

async function plan(this: GwopsContext, asked: Flags, ...argumentList: string[]): Promise<void> {
  if (isStdout(asked.outputFile) && (asked.json || asked.markdown)) {
    throw new UsageError("--output-file, --json and --markdown all print to stdout: give one");
  }
  const { parts, isList } = await readByOwner(this, asked, argumentList);
  if (asked.outputFile !== undefined && parts.length > 1) {
    const owners = parts.map(({ flags }) => flags.owner).join(", ");
    throw new UsageError(
      `--output-file keeps the plan of one owner: say which with --owner (${owners})`,
    );
  }
  await workByOwner(this, { parts, isList }, asked, (part) => planPart(this, part));
}

async function planPart(
  context: GwopsContext,
  { flags, files }: OwnerPart<Flags>,
): Promise<Worked> {
  const backend = await backendOf(context, flags);
  const request = {
    ...(await requestOf(context, backend, flags, files)),
    values: flags.noValues ? "not-looked-up" : "current",
  } as const;
  const planned = await planOwner(backend.dependencies, request);
  const { stdout, stderr } = context.process;
  const isTaken = isStdout(flags.outputFile);
  if (flags.outputFile !== undefined) {
    await saveFile(context, flags.outputFile, savedPlan(backend.dependencies, request, planned));
    if (!isTaken) say(context, `the plan is in ${flags.outputFile}`);
  }
  if (isTaken) showPlans(context, planned, stderr);
  else if (flags.markdown) printText(stdout, plansMarkdown(planned));
  else if (!flags.json) showPlans(context, planned, stdout);
  sayOfValues(context, planned);
  const report = planReport(backend.dependencies, request, planned);
  return { status: planExitCode(planned), report };
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
