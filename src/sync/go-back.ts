import type { ApplyOptions } from "#reconcile/apply/apply.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { declarationsIn, isSame } from "#sync/history/declaration.ts";
import { beginHold, type Hold, heldOff, readHold } from "#sync/history/hold.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import type { OwnerPlan, PlanDependencies, PlanRequest } from "#sync/owner/plan-owner.ts";
import { reportedHolds } from "#sync/owner/reported-hold.ts";
import { applyOwner, type OwnerResult, type RunOwnerDependencies } from "#sync/owner/run-owner.ts";
import type { PutBack } from "#sync/report/report.ts";
import { isManifestKey, type ManifestShelf, ownerOfKey, readFiles } from "./manifest-source.ts";
import { keptFile, type OwnerFile } from "./owner-file.ts";

type GoBackDependencies = Omit<RunOwnerDependencies, "planSettings"> &
  Pick<PlanDependencies, "parse"> & {
    /** Where manifests lie that others apply; undefined where there is no such place. */
    readonly manifests?: ManifestShelf | undefined;
  };

/** A rollback that was planned. */
export interface GoingBack {
  readonly state: Snapshot;
  readonly by: string;
  readonly request: PlanRequest;
  readonly planned: OwnerPlan;
}

/**
 * Goes back to an earlier state, and stays there:
 *
 * 1. note what is held off, once the guards let the plan pass and before anything is written: if
 *    the run is killed, the next one goes on with it
 * 2. apply
 * 3. put the manifests back where they lie, so that they say what the gateway is
 */
export async function goBack(
  dependencies: GoBackDependencies,
  going: GoingBack,
  options: ApplyOptions,
): Promise<OwnerResult> {
  const { ledger, manifests } = dependencies;
  const { request, planned } = going;
  const newest = manifests ? await readFiles(manifests, request.owner) : [];
  const hold = await holdOf(dependencies, going, newest);
  let isBegun = false;
  const onPassed = async () => {
    await beginHold(ledger, hold, manifests !== undefined);
    isBegun = true;
  };
  const delivery = { isLast: true };
  const applyOptions = { ...options, onPassed };
  const result = await applyOwner(dependencies, planned, request.files, delivery, applyOptions);
  if (!isBegun) return result;
  const putBack = manifests && (await putAllBack(manifests, dependencies, going, newest));
  return { ...result, ...reportedHolds(hold.files.length > 0 ? [hold] : []), putBack };
}

/**
 * Of each file that is gone back to: what it declares now, what was last applied of it, and what
 * was gone back from before.
 */
async function holdOf(
  { ledger, clock, runId, parse }: GoBackDependencies,
  { state, by, request, planned }: GoingBack,
  newest: readonly OwnerFile[],
): Promise<Hold> {
  const { owner, workspace, run_id, applied_at } = state;
  const former = await readHold(ledger, owner, workspace);
  const last = planned.snapshots.get(workspace)?.files.map(keptFile) ?? [];
  const reading = { parse, workspace: request.workspace };
  const wanted = await declarationsIn(request.files, reading);
  const since = [await declarationsIn(last, reading), await declarationsIn(newest, reading)];
  const files = goneBackTo(planned, workspace).map((name) => {
    const own = wanted.get(name) ?? [];
    const others = since.map((declared) => declared.get(name) ?? []);
    const before = former ? heldOff(former, name) : [];
    const not = [...before, ...others.filter((declared) => !isSame(declared, own)).flat()];
    return { name, not: [...new Set(not)].filter((digest) => !own.includes(digest)) };
  });
  return {
    ...{ owner, workspace, by, run_id: runId },
    since: new Date(clock.nowMs()).toISOString(),
    to: { run_id, applied_at },
    files: files.filter(({ not }) => not.length > 0),
  };
}

/** Names of the files that are valid: a file that is not is left as it is. */
function goneBackTo({ checked }: OwnerPlan, workspace: string): string[] {
  return (checked.workspaces.get(workspace)?.valid ?? []).map(({ name }) => name);
}

async function putAllBack(
  manifests: ManifestShelf,
  { parse }: GoBackDependencies,
  { state, request, planned }: GoingBack,
  newest: readonly OwnerFile[],
): Promise<PutBack[]> {
  const { owner, workspace, files } = state;
  const reading = { parse, workspace: request.workspace };
  const now = await declarationsIn(newest, reading);
  const then = await declarationsIn(files.map(keptFile), reading);
  const done: PutBack[] = [];
  for (const key of goneBackTo(planned, workspace)) {
    const isApart = !isManifestKey(key) || ownerOfKey(key) !== owner;
    if (isApart || isSame(now.get(key) ?? [], then.get(key))) continue;
    const text = files.find(({ name }) => name === key)?.text;
    const there = newest.find(({ name }) => name === key);
    const one = await putOneBack(manifests, key, text, there).catch(failure);
    if (one) done.push({ key, ...one });
  }
  return done;
}

function failure(error: unknown): Omit<PutBack, "key"> {
  if (!(error instanceof GatewayOpsError)) throw error;
  return { done: "failed", message: error.message };
}

/** Undefined: it never lay there, and who applied it otherwise does so again. */
async function putOneBack(
  manifests: ManifestShelf,
  key: string,
  text: string | undefined,
  there: OwnerFile | undefined,
): Promise<Omit<PutBack, "key"> | undefined> {
  if (text === undefined) {
    return there && { done: (await manifests.removeManifest(key, there)) ? "removed" : "left" };
  }
  if (!there && !(await manifests.hadManifest(key))) return undefined;
  return { done: (await manifests.replaceManifest(key, text, there)) ? "put-back" : "left" };
}
