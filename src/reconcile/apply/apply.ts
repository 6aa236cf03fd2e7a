import { type Change, keyOfChange, type Plan } from "#reconcile/change.ts";
import { type ActualState, keyOf, type ResourceKey } from "#reconcile/state.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";
import { mapLimited } from "#runtime/limit.ts";
import type { Pace } from "#runtime/pace.ts";
import { visibleLines } from "#runtime/visible.ts";
import type { ProbeModel } from "#secrets/probe/probe-model.ts";
import type { PushDependencies, PushResult, SecretGateway } from "#secrets/push.ts";
import type { GatewayWriter } from "./gateway-writer.ts";
import { levelsOf, neededBefore, renamesOf } from "./order.ts";
import { type ChangeContext, writeChange } from "./write-change.ts";
import { experimentsOf, type TrackingWriter } from "./write-experiment.ts";
import { guardrailsOf } from "./write-guardrails.ts";
import { paced } from "./write-paced.ts";

/** What became of one change. */
export type ChangeOutcome =
  | {
      readonly key: ResourceKey;
      readonly outcome: "applied";
      /** On the gateway. */
      readonly id: string;
      readonly duration_ms: number;
      /** Present for a secret: which version the gateway holds, and from when on it is used. */
      readonly push?: PushResult;
    }
  | {
      readonly key: ResourceKey;
      readonly outcome: "failed";
      readonly duration_ms: number;
      readonly code: string;
      readonly message: string;
      readonly disposition: Disposition;
    }
  | { readonly key: ResourceKey; readonly outcome: "skipped"; readonly because: ResourceKey }
  /** The time was over. */
  | { readonly key: ResourceKey; readonly outcome: "not-attempted" };

/** Not everything was applied; `outcomes` says what became of each change. */
export class ApplyError extends GatewayOpsError {
  override readonly name = "ApplyError";
  readonly code = "apply-failed";
  /** `retry` when the rest may pass: every failure does, or the time was over. */
  readonly disposition: Disposition;
  readonly outcomes: readonly ChangeOutcome[];

  constructor(outcomes: readonly ChangeOutcome[]) {
    const failed = outcomes.filter((outcome) => outcome.outcome === "failed");
    const count = (outcome: ChangeOutcome["outcome"]) =>
      outcomes.filter((each) => each.outcome === outcome).length;
    const late = count("not-attempted");
    const notes = [
      `${failed.length} of ${outcomes.length} changes failed`,
      `${count("skipped")} were skipped because of them`,
      ...(late > 0 ? [`${late} were not attempted because the time was over`] : []),
    ];
    const causes = failed.map(({ key, message }) => `${key}: ${message}`);
    super(visibleLines([notes.join(", "), ...causes]));
    this.outcomes = outcomes;
    const mayPass = failed.length > 0 && failed.every(({ disposition }) => disposition === "retry");
    this.disposition = mayPass || late > 0 ? "retry" : "reject";
  }
}

export interface ApplyDependencies extends PushDependencies {
  gatewayOf(workspace: string, deadline: Deadline): GatewayWriter & SecretGateway;
  trackingOf(workspace: string, deadline: Deadline): TrackingWriter;
  /** Of the writes to the gateway. @default as fast as it goes */
  readonly pace?: Pace | undefined;
}

export interface ApplyOptions {
  /** Told of each outcome as it comes. */
  readonly onOutcome?: (outcome: ChangeOutcome, done: number, total: number) => void;
}

/**
 * Carries out a plan: creates and updates level by level down the tree of dependencies, then
 * deletes up again. A change that fails, or is blocked, stops what needs it, not its siblings.
 * None is begun when the time is over.
 * Throws {@link ApplyError} unless every change was applied.
 */
export async function applyPlan(
  dependencies: ApplyDependencies,
  plan: Plan,
  actual: ActualState,
  options: ApplyOptions = {},
): Promise<ChangeOutcome[]> {
  const ids = idsByKey(actual);
  const run: Run = {
    clock: dependencies.clock,
    deadline: dependencies.deadline,
    context: contextOf(dependencies, plan, actual, ids),
    ids,
    needs: neededBefore(plan.changes, actual.resources),
    broken: new Set(plan.blocked.map(({ key }) => key)),
    ends: new Map(),
  };
  const outcomes: ChangeOutcome[] = [];
  let done = 0;
  for (const { changes, concurrency } of levelsOf(plan.changes)) {
    const levelOutcomes = await mapLimited(changes, concurrency, async (change) => {
      const end = carryOut(run, change);
      run.ends.set(keyOfChange(change), end);
      const outcome = await end;
      done += 1;
      options.onOutcome?.(outcome, done, plan.changes.length);
      return outcome;
    });
    outcomes.push(...levelOutcomes);
  }
  if (outcomes.some(({ outcome }) => outcome !== "applied")) throw new ApplyError(outcomes);
  return outcomes;
}

/** What was renamed by hand keeps its key, also when something else has its name by now. */
function idsByKey({ resources }: ActualState): Map<ResourceKey, string> {
  const renamed = resources.filter(({ server_name }) => server_name !== undefined);
  return new Map([...resources, ...renamed].map((resource) => [keyOf(resource), resource.id]));
}

interface Run {
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly context: ChangeContext;
  /** The same as in the context. */
  readonly ids: Map<ResourceKey, string>;
  readonly needs: (change: Change) => readonly ResourceKey[];
  /** What is not as it should be: nothing that needs it is begun. */
  readonly broken: Set<ResourceKey>;
  /** Of all changes that were begun. */
  readonly ends: Map<ResourceKey, Promise<ChangeOutcome>>;
}

function contextOf(
  dependencies: ApplyDependencies,
  { workspace, owner, changes }: Plan,
  actual: ActualState,
  ids: ReadonlyMap<ResourceKey, string>,
): ChangeContext {
  const { ledger, pace, deadline } = dependencies;
  const gatewayWithin = (within: Deadline) => {
    const direct = dependencies.gatewayOf(workspace, within);
    return pace ? paced(direct, pace, within.signal) : direct;
  };
  const gateway = gatewayWithin(deadline);
  const tracking = dependencies.trackingOf(workspace, deadline);
  const { signal } = deadline;
  return {
    gateway,
    ledger,
    owner,
    workspace,
    ids,
    resources: actual.resources,
    experiments: experimentsOf({ tracking, ledger, workspace, pace, signal }, actual.experiments),
    guardrails: guardrailsOf(gateway, ids, actual, renamesOf(changes)),
    pushing: {
      ...dependencies,
      gatewayOf: (_, within) => gatewayWithin(within),
      modelsOf: (secret) => modelsIn(changes, secret),
    },
  };
}

/** What is about to use the secret: nothing on the gateway does so yet. */
function modelsIn(changes: readonly Change[], secret: string): ProbeModel[] {
  return changes.flatMap((change) => {
    if (change.action === "delete" || change.desired.kind !== "model_definition") return [];
    const { fields } = change.desired;
    return fields.secret === secret ? [fields] : [];
  });
}

async function carryOut(run: Run, change: Change): Promise<ChangeOutcome> {
  const needs = run.needs(change);
  // Changes of one level can need each other; what is needed stands before in the plan.
  await Promise.all(needs.map((key) => run.ends.get(key)));
  const outcome = await attempt(run, change, needs);
  if (outcome.outcome !== "applied") run.broken.add(outcome.key);
  return outcome;
}

async function attempt(
  { clock, deadline, context, ids, broken }: Run,
  change: Change,
  needs: readonly ResourceKey[],
): Promise<ChangeOutcome> {
  const key = keyOfChange(change);
  if (deadline.leftMs() === 0) return { key, outcome: "not-attempted" };
  const because = needs.find((need) => broken.has(need));
  if (because) return { key, outcome: "skipped", because };
  const startedMs = clock.nowMs();
  const durationMs = () => clock.nowMs() - startedMs;
  try {
    const { id, push } = await writeChange(context, change);
    ids.set(key, id);
    return { key, outcome: "applied", id, duration_ms: durationMs(), ...(push && { push }) };
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    return { key, outcome: "failed", duration_ms: durationMs(), ...failureOf(error) };
  }
}

/** What is otherwise than the lists said: the next plan sees how it is. */
const OUTDATED: ReadonlyMap<string, string> = new Map([
  ["gateway-already-exists", "it was made since the gateway was read, or a list lacked it"],
  ["gateway-not-found", "it went since the gateway was read, or a list still showed it"],
]);

function failureOf({ code, message, disposition }: GatewayOpsError) {
  const why = OUTDATED.get(code);
  if (why === undefined) return { code, message, disposition };
  const retried = `${message}: ${why}; the next plan looks again`;
  return { code, message: retried, disposition: "retry" as const };
}
