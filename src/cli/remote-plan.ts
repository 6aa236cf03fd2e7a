import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { isOwnerName, OWNER_NAME_RULE } from "#runtime/marks.ts";
import type { AuthorBucket } from "#sync/author/author-bucket.ts";
import { planRemotely } from "#sync/author/plan-remotely.ts";
import { type OwnerFile, textOf } from "#sync/owner-file.ts";
import type { Preview } from "#sync/preview/preview-result.ts";
import { type SavedPlan, StalePlanError } from "#sync/saved-plan.ts";
import { approvalIn, authorOf, waiting } from "./author.ts";
import type { GwopsContext } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import type { BucketFlags, PlanFlags } from "./input/flags.ts";
import { plansIn } from "./output/plans.ts";
import { type PlanOutputFlags, printPlans } from "./output/print-plans.ts";
import { print } from "./output/show.ts";
import type { OwnerPart, Worked } from "./owners.ts";
import { UsageError } from "./usage-error.ts";

export interface RemoteFlags extends BucketFlags {
  readonly remote?: boolean | undefined;
  readonly name?: string | undefined;
}

/** What only a gateway that is spoken with from here, or its stack, can be told. */
const LOCAL_FLAGS = {
  trackingUri: "the stack knows its server",
  ledger: "the stack has its own",
  policy: "the stack has its own",
  workspace: "the stack plans files that name none in the default workspace",
  prune: "the stack prunes as it was set up to",
  maxDeleteShare: "the stack has guards of its own",
  maxUpdateShare: "the stack has guards of its own",
  noValues: "the stack looks the values up",
} as const;

/** Throws for flags that would be ignored. */
export function checkRemoteFlags(flags: RemoteFlags & Partial<Omit<PlanFlags, "owner">>): void {
  const { remote, bucket, name, timeout } = flags;
  if (!remote) {
    const stray = Object.entries({ bucket, name, timeout }).find(
      ([, value]) => value !== undefined,
    );
    if (stray) throw new UsageError(`--${stray[0]} goes with --remote`);
    return;
  }
  const given = flags as Readonly<Record<string, unknown>>;
  for (const [flag, why] of Object.entries(LOCAL_FLAGS)) {
    if (given[flag] === undefined) continue;
    throw new UsageError(`--${kebab(flag)} does not go with --remote: ${why}`);
  }
  if (name !== undefined && !isOwnerName(name)) {
    throw new UsageError(`--name: a name of a plan has ${OWNER_NAME_RULE}, got "${name}"`);
  }
}

function kebab(flag: string): string {
  return flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Has the workers of a stack plan an owner's files, which takes no login to the gateway, and shows
 * what they say as a plan that was made here. What other files of the owner lack is shown, and
 * decides nothing.
 */
export async function remotePlan(
  context: GwopsContext,
  { flags, files }: OwnerPart<RemoteFlags & PlanOutputFlags>,
): Promise<Worked> {
  const { owner, name = context.runId } = flags;
  const author = await authorOf(context, flags);
  const preview = await waiting(context, flags, "waiting for the plan", (wait) =>
    planRemotely(author, { owner, name, files }, wait),
  );
  const own = new Set(files.map((file) => file.name));
  const status = await printPlans(context, flags, {
    shown: plansIn(preview),
    isOwn: (file) => own.has(file.name),
    saved: () => savedPreview(author.bucket, files, preview),
    approveWords: approvalIn(author.bucket.name),
  });
  if (!preview.error) return { status, report: preview };
  const { stderr } = context.process;
  print(context, stderr, { style: "error", text: "error:" }, ` ${preview.error.message}`);
  return { status: EXIT.error, report: preview };
}

/** The plan with the text of all files that it was made from, the owner's others included. */
async function savedPreview(
  bucket: AuthorBucket,
  files: readonly OwnerFile[],
  preview: Preview,
): Promise<SavedPlan> {
  const texts = new Map(files.map((file) => [file.name, textOf(file)]));
  const manifests: SavedPlan["manifests"][number][] = [];
  for (const manifest of preview.manifests) {
    const { key } = manifest;
    const text = texts.get(key) ?? (await textOfVersion(bucket, manifest));
    manifests.push({ ...manifest, text });
  }
  const [workspace] = preview.workspaces;
  return { ...preview, workspace: WORKSPACE_DEFAULT, prune: workspace?.prune ?? false, manifests };
}

async function textOfVersion(
  bucket: AuthorBucket,
  { key, version_id }: { readonly key: string; readonly version_id: string },
): Promise<string> {
  const newest = await bucket.read(key);
  if (typeof newest !== "string" && newest.version_id === version_id) return textOf(newest);
  throw new StalePlanError(
    `the plan cannot be kept: ${key} is not in the version any more that it was made with; plan again`,
  );
}
