import {
  type ApplyDependencies,
  ApplyError,
  type ApplyOptions,
  applyPlan,
} from "#reconcile/apply/apply.ts";
import type { Plan } from "#reconcile/change.ts";
import { observe } from "#reconcile/observe/observe.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import {
  type ActualState,
  type DesiredResource,
  type DesiredState,
  NOTHING_KNOWN,
} from "#reconcile/state.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import type { Invocations } from "#secrets/probe/probe-gateway.ts";
import { FakeClock } from "./fake-clock.ts";
import { type CoreGateway, FakeGateway } from "./fake-gateway.ts";
import { FakeSecretSource } from "./fake-secret-source.ts";
import type { CoreTracking } from "./fake-tracking.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import { NO_INVOCATIONS } from "./no-invocations.ts";
import { A_PLACE } from "./places.ts";
import { desiredState, leftBefore } from "./states.ts";

export const CACHE_TTL_MS = 60_000;

export interface Changed {
  /** The state that is wanted, unless only its resources matter. */
  readonly desired?: Partial<DesiredState>;
  /** Made a plan of already: it is changed before it is carried out. */
  readonly plan?: (plan: Plan) => Plan;
  readonly dependencies?: Partial<ApplyDependencies>;
  readonly options?: ApplyOptions;
}

/** All that observing, planning and applying need, around a gateway in memory. */
export function applySetup() {
  const gateway = new FakeGateway();
  return applySetupOf(gateway, gateway.tracking, gateway.invocations);
}

/** The same around any gateway. */
export function applySetupOf<G extends CoreGateway, T extends CoreTracking>(
  gateway: G,
  tracking: T,
  invocations: Invocations = NO_INVOCATIONS,
) {
  const parts = {
    gateway,
    tracking,
    ledger: new MemoryLedger(),
    source: new FakeSecretSource(),
    clock: new FakeClock(),
  };
  const { ledger, source, clock } = parts;
  const dependencies: ApplyDependencies = {
    ledger,
    source,
    clock,
    runId: "run-1",
    deadline: NO_DEADLINE,
    place: A_PLACE,
    secretCacheTtlMs: CACHE_TTL_MS,
    gatewayOf: () => gateway,
    trackingOf: () => tracking,
    invocationsOf: () => invocations,
  };
  const look = (resources: readonly DesiredResource[] = [], changes: Partial<DesiredState> = {}) =>
    observe(gateway, tracking, ledger, {
      desired: desiredState(resources, changes),
      known: NOTHING_KNOWN,
      trustsExperiments: true,
    });
  const plan = async (
    resources: readonly DesiredResource[],
    changes: Partial<DesiredState> = {},
  ): Promise<{ plan: Plan; actual: ActualState }> => {
    const actual = await look(resources, changes);
    const desired = desiredState(resources, changes);
    const known = leftBefore(NOTHING_KNOWN, actual.resources, desired.owner);
    const { plan, issues } = planChanges(desired, actual, known, { prune: true });
    if (issues.length > 0) throw new Error(`refused: ${JSON.stringify(issues)}`);
    return { plan, actual };
  };
  const apply = async (resources: readonly DesiredResource[], changed: Changed = {}) => {
    const { plan: made, actual } = await plan(resources, changed.desired);
    const changes = changed.plan?.(made) ?? made;
    const all = { ...dependencies, ...changed.dependencies };
    return applyPlan(all, changes, actual, changed.options);
  };
  /** The outcomes of an apply of which something failed. */
  const failed = async (resources: readonly DesiredResource[], changed: Changed = {}) => {
    const error = await apply(resources, changed).catch((thrown: unknown) => thrown);
    if (error instanceof ApplyError) return error;
    throw new Error("nothing failed", { cause: error });
  };
  return { ...parts, dependencies, look, plan, apply, failed };
}
