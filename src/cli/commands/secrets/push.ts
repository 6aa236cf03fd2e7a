import { buildCommand } from "@stricli/core";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { onFlag } from "#cli/input/flags.ts";
import { GRACE_MS } from "#cli/input/interrupt.ts";
import { isAnsweredYes } from "#cli/input/question.ts";
import { SECRET_FLAGS, SECRET_NAMES, type SecretFlags } from "#cli/input/secret-flags.ts";
import { lookedUp } from "#cli/look-up-secrets.ts";
import { fedText, SECRETS_VERSION, shortVersion, timeOf } from "#cli/output/secrets.ts";
import { counted, print, printJson, say } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";
import { untilStopped } from "#runtime/deadline.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import type { PushResult } from "#secrets/push.ts";
import { pushByHand } from "#secrets/push-by-hand.ts";
import type { SecretStatus } from "#secrets/secret-status.ts";

interface Flags extends SecretFlags {
  readonly all?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

export const secretsPushCommand = buildCommand({
  parameters: {
    flags: {
      ...SECRET_FLAGS,
      all: onFlag("Every secret that is managed, or that --owner and --workspace leave"),
      yes: onFlag("Push without asking"),
    },
    positional: SECRET_NAMES,
  },
  docs: {
    brief: "Write the current values of sources to the gateway, whatever it seems to hold",
    fullDescription: `Shows which live keys are replaced, asks, and writes AWSCURRENT anew, also where the gateway seems to
hold it: that is the recovery after a restored database, a migration or a lost encryption key. It is
the push of the workers: under a lease, and never a version that was revoked.

Refused are secrets whose owner is paused, and those that somebody deleted or made again by hand, or
whose settings were changed: only config sync, which shows a plan, takes over what it finds.

Exit status: 0 all pushed, 1 something was not.

Examples:
  gwops secrets push openai-prod
  gwops secrets push --all --stack GatewayOps
  gwops secrets push --all --owner team-a --yes --json`,
  },
  func: push,
});

async function push(this: GwopsContext, flags: Flags, ...names: readonly string[]): Promise<void> {
  if (names.length > 0 === (flags.all === true)) {
    throw new UsageError("name secrets, or all of them with --all, and not both");
  }
  const { statuses, backend } = await lookedUp(this, flags, names);
  for (const record of statuses.unreadable) say(this, `left out, cannot be read: ${record}`);
  const { secrets } = statuses;
  for (const secret of secrets) say(this, intentOf(secret));
  if (secrets.length === 0) say(this, "no secret is managed here: there is nothing to push");
  const found = counted(secrets.length, "secret");
  if (secrets.length > 0 && !flags.yes && !(await isAnsweredYes(this, found, "push"))) {
    say(this, "nothing was changed");
    this.process.exitCode = EXIT.error;
    return;
  }
  const outcomes = await pushAll(this, flags, secrets);
  if (flags.json) {
    const { server } = backend.dependencies;
    printJson(this, { version: SECRETS_VERSION, server, secrets: outcomes });
  }
  const isDone = outcomes.every(({ outcome }) => outcome !== "failed" && outcome !== "not-begun");
  this.process.exitCode = isDone && statuses.unreadable.length === 0 ? EXIT.ok : EXIT.error;
}

/** Which live key is replaced by which, and what uses it. */
function intentOf(secret: SecretStatus): string {
  const { workspace, name, pushed_version_id, current_version_id, endpoints } = secret;
  const from = shortVersion(pushed_version_id);
  const to = shortVersion(current_version_id);
  const versions = from === to ? `version ${to} again` : `version ${from} by ${to}`;
  const use = endpoints.length > 0 ? `used by ${fedText(endpoints)}` : "used by no endpoint";
  return `${workspace}/${name}: ${versions}, ${use}`;
}

interface Outcome {
  readonly workspace: string;
  readonly name: string;
  readonly outcome: PushResult["outcome"] | "deleted" | "failed" | "not-begun";
  readonly version_id?: string | undefined;
  readonly previous_version_id?: string | undefined;
  readonly effective_by?: string | undefined;
  readonly error?: { readonly code: string; readonly message: string };
}

/** One after the other; one that fails stops no other, and Ctrl-C lets the one under way end. */
async function pushAll(
  context: GwopsContext,
  flags: Flags,
  secrets: readonly SecretStatus[],
): Promise<Outcome[]> {
  const stop = context.onInterrupt();
  const outcomes: Outcome[] = [];
  for (const secret of secrets) {
    const outcome = stop.aborted
      ? ({ ...placeOf(secret), outcome: "not-begun" } as const)
      : await pushOne(context, flags, secret, stop);
    outcomes.push(outcome);
    showOutcome(context, flags, outcome);
  }
  return outcomes;
}

async function pushOne(
  context: GwopsContext,
  flags: Flags,
  secret: SecretStatus,
  stop: AbortSignal,
): Promise<Outcome> {
  try {
    // What is in the environment or a file of this machine belongs to whose manifest names it.
    const backend = await backendOf(context, { ...flags, owner: secret.owner });
    const dependencies = { ...backend.dependencies, deadline: untilStopped(stop, GRACE_MS) };
    const result = await pushByHand(dependencies, secret.id, backend.isShared);
    if (!result) return { ...placeOf(secret), outcome: "deleted" };
    const { outcome, version_id, previous_version_id } = result;
    const effective_by = timeOf(result.effective_by_ms);
    return { ...placeOf(secret), outcome, version_id, previous_version_id, effective_by };
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    const { code, message } = error;
    return { ...placeOf(secret), outcome: "failed", error: { code, message } };
  }
}

function placeOf({ workspace, name }: SecretStatus) {
  return { workspace, name };
}

function showOutcome(context: GwopsContext, { json }: Flags, outcome: Outcome): void {
  const { stdout, stderr } = context.process;
  const { workspace, name, version_id, effective_by, error } = outcome;
  const isFailed = error !== undefined;
  if (json && !isFailed) return;
  const rest = isFailed ? `: ${error.message}` : effectText(version_id, effective_by);
  const style = isFailed ? "error" : outcome.outcome === "not-begun" ? "warning" : "create";
  const piece = { style, text: outcome.outcome } as const;
  print(context, isFailed ? stderr : stdout, piece, ` ${workspace}/${name}${rest}`);
}

function effectText(versionId: string | undefined, effectiveBy: string | undefined): string {
  if (effectiveBy === undefined) return "";
  const version = versionId === undefined ? "" : `, version ${versionId}`;
  return `${version}, effective by ${effectiveBy}`;
}
