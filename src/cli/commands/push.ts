import { buildCommand } from "@stricli/core";
import { approvalIn, authorOf, readForBucket, waiting } from "#cli/author.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT, type ExitCode } from "#cli/exit-codes.ts";
import { BUCKET_FLAGS, type BucketFlags, FILES, onFlag, PUSH_FLAGS } from "#cli/input/flags.ts";
import { showReport } from "#cli/output/outcomes.ts";
import { plansIn, showPlans } from "#cli/output/plans.ts";
import { print, printText, say } from "#cli/output/show.ts";
import { type OwnerPart, type Worked, workByOwner } from "#cli/owners.ts";
import { UsageError } from "#cli/usage-error.ts";
import type { AuthorDependencies } from "#sync/author/await-answer.ts";
import {
  awaitRun,
  lastRun,
  latestReportKey,
  type PushedFile,
  pushFiles,
} from "#sync/author/push-files.ts";
import type { RunOutcome, RunReport } from "#sync/report/report.ts";
import { reportMarkdown } from "#sync/report/report-markdown.ts";

interface Flags extends BucketFlags {
  readonly owner?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly markdown?: boolean | undefined;
}

export const pushCommand = buildCommand({
  parameters: {
    flags: {
      ...PUSH_FLAGS,
      ...BUCKET_FLAGS,
      wait: onFlag("Wait for the run that applies the files, and print its report"),
      force: onFlag("Put files again that the bucket holds already, so that they are tried again"),
      markdown: onFlag("Print Markdown"),
    },
    positional: { ...FILES, minimum: 1 },
  },
  docs: {
    brief: "Put manifests into the bucket of a stack, whose workers apply them",
    fullDescription: `Puts manifests under manifests/<owner>/ in the bucket of a stack. Takes the rights to put and get
there, and no login to MLflow. Files that the bucket holds already are not put again, and files
that are not given stay as they are: what a file declares ends with empty sections.

Exit status with --wait: 0 as declared, 1 something failed or is pending, 3 refused by a guard, 4 a
file is invalid. Without --wait: 0 put.

Examples:
  gwops push manifests/team-a --stack GatewayOps --owner team-a --wait
  gwops push gateway.yaml --bucket gateway-ops-manifests --owner team-a
  gwops push gateway.yaml --stack GatewayOps --wait --force --timeout 600`,
  },
  func: push,
});

async function push(this: GwopsContext, asked: Flags, ...argumentList: string[]): Promise<void> {
  const { wait, json, markdown, timeout } = asked;
  if (json && markdown)
    throw new UsageError("--json and --markdown both print to stdout: give one");
  if (!wait && timeout !== undefined) throw new UsageError("--timeout goes with --wait");
  const named = await readForBucket(this, asked, argumentList);
  await workByOwner(this, named, asked, (part) => pushPart(this, part));
}

async function pushPart(
  context: GwopsContext,
  { flags, files }: OwnerPart<Flags>,
): Promise<Worked> {
  const author = await authorOf(context, flags);
  const pushed = await pushFiles(author.bucket, files, { isForced: flags.force === true });
  if (!flags.wait) return showPushed(context, flags, author, pushed);
  sayPushed(context, pushed);
  const report = await reportOf(context, flags, author, pushed);
  if (!report) return showPushed(context, flags, author, pushed);
  if (flags.markdown) printText(context.process.stdout, reportMarkdown(report));
  else if (!flags.json) showRun(context, author, report);
  return { status: exitCodeOf(report, pushed), report };
}

/** Of what was not put again no run follows: what the last one said of it holds. */
function reportOf(
  context: GwopsContext,
  flags: OwnerPart<Flags>["flags"],
  author: AuthorDependencies,
  pushed: readonly PushedFile[],
): Promise<RunReport | undefined> {
  const { owner } = flags;
  if (!pushed.some(({ is_put }) => is_put)) return lastRun(author.bucket, owner, pushed);
  return waiting(context, flags, "waiting for the run", (wait) =>
    awaitRun(author, owner, pushed, wait),
  );
}

function showRun(context: GwopsContext, { bucket }: AuthorDependencies, report: RunReport): void {
  const { stderr } = context.process;
  showPlans(context, plansIn(report), stderr, approvalIn(bucket.name));
  if (report.error) {
    print(context, stderr, { style: "error", text: "error:" }, ` ${report.error.message}`);
  }
  showReport(context, report);
}

function sayPushed(context: GwopsContext, pushed: readonly PushedFile[]): void {
  for (const file of pushed) say(context, pushedText(file));
}

function showPushed(
  context: GwopsContext,
  { owner, json }: OwnerPart<Flags>["flags"],
  { bucket }: AuthorDependencies,
  pushed: readonly PushedFile[],
): Worked {
  if (!json) for (const file of pushed) print(context, context.process.stdout, pushedText(file));
  const isPut = pushed.some(({ is_put }) => is_put);
  const where = `${latestReportKey(owner)} in the bucket ${bucket.name}`;
  say(
    context,
    isPut
      ? `what becomes of it will stand in ${where}; --wait waits for it`
      : `nothing was put: the bucket holds the same; what became of it stands in ${where}, and --force puts it again`,
  );
  return {
    status: EXIT.ok,
    report: { version: 1, bucket: bucket.name, owner, files: pushed },
  };
}

function pushedText({ key, version_id, is_put }: PushedFile): string {
  return `${is_put ? "put      " : "unchanged"} ${key} (version ${version_id})`;
}

const FAILED: readonly RunOutcome[] = ["failed", "pending", "retrying"];

/** What became of these files; others of the owner decide nothing. */
function exitCodeOf({ manifests }: RunReport, pushed: readonly PushedFile[]): ExitCode {
  const own = new Set(pushed.map(({ key }) => key));
  const outcomes = manifests.filter(({ key }) => own.has(key)).map(({ outcome }) => outcome);
  if (outcomes.some((outcome) => FAILED.includes(outcome))) return EXIT.error;
  if (outcomes.includes("rejected")) return EXIT.invalid;
  const isRefused = outcomes.some((outcome) => outcome === "refused" || outcome === "held");
  return isRefused ? EXIT.refused : EXIT.ok;
}
