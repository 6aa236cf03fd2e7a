import type { GwopsContext } from "#cli/context.ts";
import type { ExitCode } from "#cli/exit-codes.ts";
import type { SavedPlan } from "#sync/saved-plan.ts";
import { isStdout, saveFile } from "./output-file.ts";
import {
  type ApproveWords,
  planExitCode,
  plansMarkdown,
  type ShownPlans,
  showPlans,
} from "./plans.ts";
import { printText, say } from "./show.ts";

export interface PlanOutputFlags {
  readonly json?: boolean | undefined;
  readonly markdown?: boolean | undefined;
  readonly outputFile?: string | undefined;
}

/** A plan, wherever it was made. */
interface PrintedPlan {
  readonly shown: ShownPlans;
  /** Made only where it is wanted. */
  readonly saved: () => SavedPlan | Promise<SavedPlan>;
  /** Whether what is wrong with a file decides the exit status. @default of every file */
  readonly isOwn?: (file: { readonly name: string }) => boolean;
  readonly approveWords?: ApproveWords;
}

/** Keeps a plan and prints it as the flags say, but for JSON, and returns its exit status. */
export async function printPlans(
  context: GwopsContext,
  { json, markdown, outputFile }: PlanOutputFlags,
  { shown, saved, isOwn = () => true, approveWords }: PrintedPlan,
): Promise<ExitCode> {
  const { stdout, stderr } = context.process;
  const isTaken = isStdout(outputFile);
  if (outputFile !== undefined) {
    await saveFile(context, outputFile, await saved());
    if (!isTaken) say(context, `the plan is in ${outputFile}`);
  }
  if (markdown) printText(stdout, plansMarkdown(shown));
  else if (!json) showPlans(context, shown, isTaken ? stderr : stdout, approveWords);
  return planExitCode({ ...shown, invalid: shown.invalid.filter(isOwn) });
}
