import { buildCommand } from "@stricli/core";
import { readForBucket } from "#cli/author.ts";
import { namingWorkspaces } from "#cli/connection/check-workspace.ts";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import {
  type AskedOf,
  BUCKET_FLAGS,
  FILES,
  OWNER_FLAG,
  onFlag,
  PLAN_FLAGS,
  type PlanFlags,
  textFlag,
} from "#cli/input/flags.ts";
import { requestOf } from "#cli/input/plan-request.ts";
import { isStdout } from "#cli/output/output-file.ts";
import { plansOf } from "#cli/output/plans.ts";
import { type PlanOutputFlags, printPlans } from "#cli/output/print-plans.ts";
import { say } from "#cli/output/show.ts";
import { type OwnerPart, readByOwner, type Worked, workByOwner } from "#cli/owners.ts";
import { checkRemoteFlags, type RemoteFlags, remotePlan } from "#cli/remote-plan.ts";
import { UsageError } from "#cli/usage-error.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { type OwnerPlan, planOwner } from "#sync/owner/plan-owner.ts";
import { planReport } from "#sync/owner/plan-report.ts";
import { savedPlan, withoutValue } from "#sync/saved-plan.ts";

interface Flags extends AskedOf<PlanFlags>, PlanOutputFlags, RemoteFlags {
  readonly json?: boolean | undefined;
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
      remote: onFlag("Let the workers of a stack plan: takes its bucket, and no login to MLflow"),
      name: textFlag("name", "Of a remote plan: what other ones at the same time are not called"),
      ...BUCKET_FLAGS,
    },
    positional: { ...FILES, minimum: 1 },
  },
  docs: {
    brief: "Show what applying manifests would change",
    fullDescription: `Compares the manifests with the gateway and prints what differs. Changes nothing. Of a folder
of owners each is planned by itself, under the policy.yaml that lies beside their folders.

With --remote the files are put under plans/ in the bucket of a stack, and its workers plan them in
the place of the manifests of their names, beside the owner's others, as they would apply them.

Exit status: 0 nothing to change, 2 changes pending, 3 a guard refuses them, 4 a file is invalid; of
several owners the gravest: 1, 4, 3, 2, 0.

Examples:
  gwops plan gateway.yaml
  gwops plan manifests/                             of manifests/<owner>/...: one plan an owner
  gwops plan manifests/ --owner team-a --prune
  gwops plan gateway.yaml --output-file plan.json   then: gwops apply --plan plan.json
  gwops plan manifests/ --no-values --markdown >> "$GITHUB_STEP_SUMMARY"
  gwops plan manifests/ --remote --stack GatewayOps --owner team-a --name pr-12 --markdown`,
  },
  func: plan,
});

async function plan(this: GwopsContext, asked: Flags, ...argumentList: string[]): Promise<void> {
  if (isStdout(asked.outputFile) && (asked.json || asked.markdown)) {
    throw new UsageError("--output-file, --json and --markdown all print to stdout: give one");
  }
  checkRemoteFlags(asked);
  const read = asked.remote ? readForBucket : readByOwner;
  const { parts, isList } = await read(this, asked, argumentList);
  if (asked.outputFile !== undefined && parts.length > 1) {
    const owners = parts.map(({ flags }) => flags.owner).join(", ");
    throw new UsageError(
      `--output-file keeps the plan of one owner: say which with --owner (${owners})`,
    );
  }
  const planPart = asked.remote ? remotePlan : localPlan;
  await workByOwner(this, { parts, isList }, asked, (part) => planPart(this, part));
}

async function localPlan(
  context: GwopsContext,
  { flags, files }: OwnerPart<Flags>,
): Promise<Worked> {
  const backend = await backendOf(context, flags);
  const request = {
    ...(await requestOf(context, backend, flags, files)),
    values: flags.noValues ? "not-looked-up" : "current",
  } as const;
  const planned = await namingWorkspaces(backend, () => planOwner(backend.dependencies, request));
  const status = await printPlans(context, flags, {
    shown: plansOf(planned),
    saved: () => savedPlan(backend.dependencies, request, planned),
  });
  sayOfValues(context, planned);
  return { status, report: planReport(backend.dependencies, request, planned) };
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
