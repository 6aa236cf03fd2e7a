import type { CheckedFiles } from "#manifest/check-files.ts";
import type { ParseManifest } from "#manifest/types.ts";
import type { Plan } from "#reconcile/change.ts";
import { grantsLost } from "#reconcile/observe/grants.ts";
import { beginReading, type Reading } from "#reconcile/observe/observe.ts";
import type { PlanOptions } from "#reconcile/plan/context.ts";
import { type GuardLimits, type GuardTrip, guardPlan } from "#reconcile/plan/guard.ts";
import { withLostGrants } from "#reconcile/plan/lost-grants.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import {
  type ActualState,
  type DesiredState,
  type KnownState,
  type ResourceKey,
  WORKSPACE_DEFAULT,
} from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { SecretSource } from "#secrets/source.ts";
import { readIntents } from "#sync/history/intents.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import { knownFrom, type LastSnapshots, readSnapshots } from "#sync/history/snapshot-history.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { type HeldFiles, heldFiles, withoutHolds } from "./held-files.ts";
import { type ObserveDependencies, observeWorkspace } from "./observe-workspace.ts";
import { type CheckSettings, OwnerFiles } from "./owner-files.ts";
import { planGrants } from "./plan-grants.ts";
import {
  findingsIn,
  lookUpSources,
  type SourceFault,
  type Sources,
  tryValues,
  valuesIn,
} from "./sources.ts";

export interface PlanDependencies extends ObserveDependencies {
  readonly source: SecretSource;
  /** Address of the server: a plan is for one, and names it. */
  readonly server: string;
  /** Reads one file, within bounds of time and memory. @default in this process, without bounds */
  readonly parse?: ParseManifest | undefined;
}

export interface PlanRequest extends CheckSettings {
  /** All files of the owner. */
  readonly files: readonly OwnerFile[];
  /** Whether resources that are no longer declared are deleted. */
  readonly prune: boolean;
  readonly limits: GuardLimits;
  /** Whether what carries the owner's mark is the owner's, although no run is known to have left it. */
  readonly takesOver?: boolean | undefined;
  /** An earlier state that is gone back to: what it had gets its names back. */
  readonly goingBackTo?: Snapshot | undefined;
  /** Whether experiments that the ledger knows are not asked for again. @default false */
  readonly trustsExperiments?: boolean;
  /**
   * Towards which values of secrets to plan:
   * - `current`: those that their sources hold now
   * - `as-left`: those that were pushed last
   * - `not-looked-up`: nobody knows, and the plan says so; sources are not asked for anything
   * @default "current"
   */
  readonly values?: "current" | "as-left" | "not-looked-up";
  /** Whether values that would be written are read, so that one that cannot be used stops its file. */
  readonly triesValues?: boolean | undefined;
}

/** What is to be done in one workspace, and all that carrying it out needs. */
export interface WorkspacePlan {
  readonly server: string;
  readonly desired: DesiredState;
  readonly actual: ActualState;
  readonly known: KnownState;
  readonly plan: Plan;
  /** On the gateway, of the declared resources that were there already. */
  readonly ids: ReadonlyMap<ResourceKey, string>;
  /** What the guards have against it. */
  readonly trips: readonly GuardTrip[];
  readonly options: PlanOptions;
  readonly previous: Snapshot | undefined;
  /** Whether a mark is enough for what is undeclared to count as the owner's from now on. */
  readonly takesOver: boolean;
}

/** By the name of the file. */
type SourceFaults = ReadonlyMap<string, readonly SourceFault[]>;

/** What is to be done for an owner. */
export interface OwnerPlan {
  readonly checked: CheckedFiles;
  readonly workspaces: readonly WorkspacePlan[];
  /** Names of the files that are invalid because of what is on the gateway. */
  readonly rejected: ReadonlySet<string>;
  /** Of the files that are taken out although nothing in them is wrong, by name. */
  readonly faults: SourceFaults;
  /** What was applied before, by workspace. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** The files as they were planned: some may be held to what was gone back to. */
  readonly planned: HeldFiles;
}

/**
 * Plans all files of an owner; writes nothing.
 *
 * 1. read and check each file, while the gateway is read: one that is wrong blocks only itself, and
 *    of one that was rolled back what was gone back to is planned
 * 2. look up the source of every secret
 * 3. observe the gateway, once for each workspace
 * 4. plan
 * 5. a file that may not have what it declares is wrong too, and with `triesValues` one with a value
 *    that cannot be used: begin again without it
 * 6. ask who loses an endpoint that goes, and then the guards
 */
export async function planOwner(
  dependencies: PlanDependencies,
  request: PlanRequest,
): Promise<OwnerPlan> {
  const last = await readSnapshots(dependencies, request.owner);
  const { snapshots } = last;
  const readings = beginReadings(dependencies, request, snapshots);
  const planned = request.goingBackTo
    ? withoutHolds(request.files)
    : await heldFiles(dependencies, request, snapshots);
  const askVersion = () => serverVersion(dependencies);
  const files = await OwnerFiles.read(
    request,
    planned.files,
    snapshots,
    askVersion,
    dependencies.parse,
  );
  const rejected = new Set<string>();
  const faults: SourceFault[] = [];
  const takeOut = async (found: readonly SourceFault[]) => {
    faults.push(...found);
    await files.reject(findingsIn(found));
  };
  for (;;) {
    const { versions, ...sources } = await lookUp(dependencies, request, files);
    await takeOut(sources.faults);
    const inputs = await observeWorkspaces(dependencies, request, files, {
      versions,
      last,
      readings,
      states: planned.states,
    });
    const plans = inputs.map((input) => ({ input, ...planChanges(...argumentsOf(input)) }));
    const findings = new Map(
      plans.flatMap(({ input, issues }) => [...files.findingsOf(input.desired.workspace, issues)]),
    );
    const unusable =
      findings.size > 0 ? [] : await valueFaults(dependencies, request, files, plans);
    if (findings.size + unusable.length === 0) {
      const workspaces = await allJudged(dependencies, request, plans);
      const byFile = groupBy(faults, ({ use }) => use.file);
      return { checked: files.checked, workspaces, rejected, faults: byFile, snapshots, planned };
    }
    for (const name of findings.keys()) rejected.add(name);
    await files.reject(findings);
    await takeOut(unusable);
    readings.clear();
  }
}

async function allJudged(
  dependencies: ObserveDependencies,
  request: PlanRequest,
  plans: readonly (Pick<WorkspacePlan, "plan" | "ids"> & { readonly input: PlanInput })[],
): Promise<WorkspacePlan[]> {
  const workspaces: WorkspacePlan[] = [];
  for (const { input, plan, ids } of plans) {
    workspaces.push(await judged(dependencies, request, input, { plan, ids }));
  }
  return workspaces;
}

async function judged(
  { trackingOf, deadline }: ObserveDependencies,
  { limits }: PlanRequest,
  input: PlanInput,
  { plan, ids }: Pick<WorkspacePlan, "plan" | "ids">,
): Promise<WorkspacePlan> {
  const { desired, actual, known } = input;
  const tracking = trackingOf(desired.workspace, deadline);
  const told = withLostGrants(plan, await grantsLost(tracking, plan.changes));
  const trips = guardPlan(told, desired, actual, known, limits);
  return { ...input, plan: told, ids, trips };
}

/** What the plan of a workspace is made from. */
type PlanInput = Omit<WorkspacePlan, "plan" | "ids" | "trips">;

function argumentsOf({ desired, actual, known, options }: PlanInput) {
  return [desired, actual, known, options] as const;
}

/** What is known before the gateway is observed. */
interface Knowledge {
  readonly versions: Sources["versions"];
  readonly last: LastSnapshots;
  readonly readings: ReadonlyMap<string, Reading>;
  readonly states: HeldFiles["states"];
}

/** Every workspace that valid files speak of, one after the other: they share a server. */
async function observeWorkspaces(
  dependencies: PlanDependencies,
  request: PlanRequest,
  files: OwnerFiles,
  { versions, last, readings, states }: Knowledge,
): Promise<PlanInput[]> {
  const inputs: PlanInput[] = [];
  for (const [workspace, { frozen, frozenBecause }] of files.workspaces) {
    const desired = files.desired(workspace, versions.get(workspace));
    const previous = last.snapshots.get(workspace);
    const { keys: intended } = await readIntents(dependencies.ledger, request.owner, workspace);
    const memory = knownFrom({
      snapshot: previous,
      lost: last.lost.get(workspace),
      frozen,
      frozenBecause,
      intended,
      goingBackTo:
        request.goingBackTo?.workspace === workspace ? request.goingBackTo : states.get(workspace),
    });
    const observed = await observeWorkspace(dependencies, desired, memory, {
      trustsExperiments: request.trustsExperiments,
      reading: readings.get(workspace),
    });
    const options = planOptions(request, files.checked);
    const { takesOver = false } = request;
    const { server } = dependencies;
    inputs.push({ server, desired, ...observed, options, previous, takesOver });
  }
  return inputs;
}

/** Undefined where the server, or what stands before it, keeps it to itself. */
async function serverVersion({
  gatewayOf,
  deadline,
}: ObserveDependencies): Promise<string | undefined> {
  try {
    return await gatewayOf(WORKSPACE_DEFAULT, deadline).server.version();
  } catch (error) {
    if (error instanceof GatewayOpsError && error.disposition === "reject") return undefined;
    throw error;
  }
}

/** What was applied before will most likely be planned again: the files are checked meanwhile. */
function beginReadings(
  { gatewayOf, ledger, deadline }: PlanDependencies,
  { workspace: only, files }: PlanRequest,
  snapshots: ReadonlyMap<string, Snapshot>,
): Map<string, Reading> {
  if (files.length === 0) return new Map();
  const likely = [...snapshots.keys()].filter((name) => only === undefined || name === only);
  const begin = (name: string) => beginReading(gatewayOf(name, deadline), ledger, name);
  return new Map(likely.map((name) => [name, begin(name)]));
}

/** What the sources of all secrets hold now, and what is the matter with them. */
async function lookUp(
  dependencies: PlanDependencies,
  { owner, values = "current" }: PlanRequest,
  files: OwnerFiles,
): Promise<Sources> {
  if (values !== "current") return { versions: new Map(), faults: [] };
  return lookUpSources(owner, dependencies, files.sourceUses(), dependencies.deadline.signal);
}

/** Of the values that the plans would write those that cannot be used. */
async function valueFaults(
  dependencies: PlanDependencies,
  { owner, triesValues = false }: PlanRequest,
  files: OwnerFiles,
  plans: readonly { readonly plan: Plan }[],
): Promise<SourceFault[]> {
  if (!triesValues) return [];
  const written = plans.flatMap(({ plan }) => valuesIn(plan, files.sourceUses()));
  return tryValues(owner, dependencies, written, dependencies.deadline.signal);
}

function planOptions(
  { prune, access, values }: PlanRequest,
  { invalid }: CheckedFiles,
): PlanOptions {
  const names = invalid.map(({ name }) => name).join(", ");
  return {
    prune,
    withoutValues: values === "not-looked-up",
    grants: planGrants({ access }),
    ...(invalid.length > 0 ? { pruneSuspended: `${names} must be corrected first` } : {}),
  };
}
