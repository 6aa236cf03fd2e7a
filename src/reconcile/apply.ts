import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";
import { mapLimited } from "#runtime/limit.ts";
import { type PushDependencies, type PushResult, pushSecret } from "#secrets/push.ts";
import { dependenciesOf, KINDS, LEVELS } from "./kinds.ts";
import type { Change, Plan } from "./plan.ts";
import { type ActualState, keyOf, type ResourceKey } from "./state.ts";
import {
  actualOf,
  type DesiredOf,
  type GatewayWriter,
  writeBudget,
  writeEndpoint,
  writeModelDefinition,
} from "./write-change.ts";

/** What became of one change. */
export type ChangeOutcome =
  | {
      readonly key: ResourceKey;
      readonly outcome: "applied";
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
  | { readonly key: ResourceKey; readonly outcome: "skipped"; readonly because: ResourceKey };

/** Some changes failed; `outcomes` says what became of each. */
export class ApplyError extends GatewayOpsError {
  override readonly name = "ApplyError";
  readonly code = "apply-failed";
  readonly disposition: Disposition;
  readonly outcomes: readonly ChangeOutcome[];

  constructor(outcomes: readonly ChangeOutcome[]) {
    const failed = outcomes.filter((outcome) => outcome.outcome === "failed");
    const skipped = outcomes.filter(({ outcome }) => outcome === "skipped").length;
    const causes = failed.map(({ key, message }) => `${key}: ${message}`);
    super(
      `${failed.length} of ${outcomes.length} changes failed, ${skipped} were skipped because of them\n${causes.join("\n")}`,
    );
    this.outcomes = outcomes;
    this.disposition = failed.every(({ disposition }) => disposition === "retry")
      ? "retry"
      : "reject";
  }
}

export interface ApplyDependencies extends PushDependencies {
  readonly gateway: GatewayWriter & PushDependencies["gateway"];
}

/**
 * Carries out a plan level by level. A change that fails stops what depends on it, not its
 * siblings. Throws {@link ApplyError} when any failed.
 */
export async function applyPlan(
  dependencies: ApplyDependencies,
  plan: Plan,
  actual: ActualState,
): Promise<ChangeOutcome[]> {
  const ids = new Map(actual.resources.map((resource) => [keyOf(resource), resource.id]));
  const broken = new Set<ResourceKey>();
  const outcomes: ChangeOutcome[] = [];
  for (const kind of LEVELS) {
    const level = plan.changes.filter(({ desired }) => desired.kind === kind);
    const levelOutcomes = await mapLimited(level, KINDS[kind].concurrency, (change) =>
      attempt(dependencies, plan.owner, change, ids, broken),
    );
    for (const outcome of levelOutcomes) if (outcome.outcome !== "applied") broken.add(outcome.key);
    outcomes.push(...levelOutcomes);
  }
  if (broken.size > 0) throw new ApplyError(outcomes);
  return outcomes;
}

async function attempt(
  dependencies: ApplyDependencies,
  owner: string,
  change: Change,
  ids: Map<ResourceKey, string>,
  broken: ReadonlySet<ResourceKey>,
): Promise<ChangeOutcome> {
  const key = keyOf(change.desired);
  const because = dependenciesOf(change.desired).find((dependency) => broken.has(dependency));
  if (because) return { key, outcome: "skipped", because };
  const startedMs = dependencies.clock.nowMs();
  const durationMs = () => dependencies.clock.nowMs() - startedMs;
  try {
    const { id, push } = await write(dependencies, owner, change, ids);
    ids.set(key, id);
    return { key, outcome: "applied", duration_ms: durationMs(), ...(push ? { push } : {}) };
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    const { code, message, disposition } = error;
    return { key, outcome: "failed", duration_ms: durationMs(), code, message, disposition };
  }
}

async function write(
  dependencies: ApplyDependencies,
  owner: string,
  change: Change,
  ids: ReadonlyMap<ResourceKey, string>,
): Promise<{ id: string; push?: PushResult }> {
  const context = { gateway: dependencies.gateway, ledger: dependencies.ledger, owner, ids };
  const { desired } = change;
  switch (desired.kind) {
    case "secret": {
      const push = await pushSecret(dependencies, secretTarget(owner, desired));
      return { id: push.secret_id, push };
    }
    case "model_definition":
      return {
        id: await writeModelDefinition(context, desired, actualOf(change, "model_definition")),
      };
    case "endpoint":
      return { id: await writeEndpoint(context, desired, actualOf(change, "endpoint")) };
    case "budget":
      return { id: await writeBudget(context, desired, actualOf(change, "budget")) };
  }
}

function secretTarget(owner: string, { name, fields }: DesiredOf<"secret">) {
  const { provider, auth_config, value_from } = fields;
  return { name, owner, provider, auth_config, value_from };
}
