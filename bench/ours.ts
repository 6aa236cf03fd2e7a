import { GatewayClient } from "#gateway/client.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import { OPEN } from "#manifest/access.ts";
import { checkFiles } from "#manifest/check-files.ts";
import { parseManifest } from "#manifest/parse.ts";
import { toDesired } from "#manifest/to-desired.ts";
import { ApplyError, applyPlan, type ChangeOutcome } from "#reconcile/apply/apply.ts";
import type { Plan } from "#reconcile/change.ts";
import { observe } from "#reconcile/observe/observe.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { recognised } from "#reconcile/plan/recognise.ts";
import {
  type ActualState,
  type DesiredState,
  identityOf,
  NOTHING_KNOWN,
  WORKSPACE_DEFAULT,
} from "#reconcile/state.ts";
import { systemClock } from "#runtime/clock.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { type PlanRequest, planOwner } from "#sync/owner/plan-owner.ts";
import { applyOwner } from "#sync/owner/run-owner.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { FakeBucket } from "../test/support/fake-bucket.ts";
import { FakeSecretSource } from "../test/support/fake-secret-source.ts";
import { MemoryLedger } from "../test/support/memory-ledger.ts";
import { NO_INVOCATIONS } from "../test/support/no-invocations.ts";
import { A_PLACE } from "../test/support/places.ts";
import { timed } from "./rounds.ts";
import type { BenchServer } from "./server.ts";

export const OWNER = "bench";

export interface SentRequest {
  readonly operation: string;
  readonly durationMs: number;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
}

export interface Applied {
  /** Of the writes, from the first to the last. */
  readonly applyMs: number;
  /** With the looks at the gateway before and after. */
  readonly wholeMs: number;
  readonly outcomes: readonly ChangeOutcome[];
  readonly requests: readonly SentRequest[];
}

interface Planned {
  readonly ms: number;
  readonly cpuMs: number;
  readonly requests: readonly SentRequest[];
}

/** This project's side of the comparisons: the core as a worker wires it, on one server. */
export interface Ours {
  /** From the text of a manifest to a second plan. Throws when there is anything left in that. */
  applyAll(text: string): Promise<Applied>;
  /** From the text of a manifest to the plan. Throws when there is anything in it. */
  planNoop(text: string): Promise<Planned>;
}

export function oursOn({ trackingUri }: BenchServer): Ours {
  const requests: SentRequest[] = [];
  const onRequest = (operation: string, durationMs: number, status: number | undefined) => {
    requests.push({ operation, durationMs, status });
  };
  const gateway = new GatewayClient({ trackingUri, onRequest });
  const tracking = new TrackingClient({ trackingUri, onRequest });
  const ledger = new MemoryLedger();
  const source = new FakeSecretSource();
  const bucket = new FakeBucket();
  const dependencies = {
    ...{ ledger, source, clock: systemClock, runId: "bench", secretCacheTtlMs: 60_000 },
    deadline: NO_DEADLINE,
    server: trackingUri,
    place: A_PLACE,
    ...{ snapshots: bucket, approvals: bucket },
    gatewayOf: () => gateway,
    trackingOf: () => tracking,
    invocationsOf: () => NO_INVOCATIONS,
  };
  const planOf = async (text: string): Promise<{ plan: Plan; actual: ActualState }> => {
    const desired = await desiredOf(text, source);
    const actual = await observe(gateway, tracking, ledger, { desired, known: NOTHING_KNOWN });
    return { plan: planned(desired, actual), actual };
  };
  /** As after every run of a worker: what was applied is known, and read again while files are. */
  const keep = async (text: string): Promise<void> => {
    const plan = await planOwner(dependencies, requestOf(text));
    await applyOwner(dependencies, plan, filesOf(text), { isLast: true }, {});
  };
  return {
    async planNoop(text) {
      requests.length = 0;
      const { ms, cpuMs, result } = await timed(() => planOwner(dependencies, requestOf(text)));
      const { checked, workspaces } = result;
      if (checked.invalid.length + workspaces.length !== 1) throw new Error("nothing was planned");
      for (const { plan } of workspaces) requireEmpty(plan);
      return { ms, cpuMs, requests: [...requests] };
    },
    async applyAll(text) {
      requests.length = 0;
      const whole = await timed(async () => {
        const { plan, actual } = await planOf(text);
        const apply = await timed(() => outcomesOf(applyPlan(dependencies, plan, actual)));
        requireEmpty((await planOf(text)).plan);
        return apply;
      });
      const { ms: applyMs, result: outcomes } = whole.result;
      const applied = { applyMs, wholeMs: whole.ms, outcomes, requests: [...requests] };
      await keep(text);
      return applied;
    },
  };
}

function filesOf(text: string): OwnerFile[] {
  return [{ name: "bench.yaml", version_id: "1", content: text }];
}

function requestOf(text: string): PlanRequest {
  return {
    ...{ owner: OWNER, files: filesOf(text), prune: false, limits: GUARD_LIMITS_DEFAULT },
    ...{ access: OPEN, allowLoopbackApiBase: false, sources: "aws" },
  };
}

/** What a text declares, after every check; each secret gets a source when it has none. */
async function desiredOf(text: string, source: FakeSecretSource): Promise<DesiredState> {
  const { workspaces, invalid } = await checkFiles({
    ...{ access: OPEN, frozenByFile: new Map(), sources: "aws", allowLoopbackApiBase: false },
    files: [{ name: "bench.yaml", parsed: await parseManifest(text) }],
  });
  if (invalid.length > 0) throw new Error(`the manifest is wrong: ${JSON.stringify(invalid)}`);
  const manifests = (workspaces.get(WORKSPACE_DEFAULT)?.valid ?? []).map((file) => file.manifest);
  const versions = new Map<string, string>();
  for (const { name, kind, fields } of toDesired(OWNER, WORKSPACE_DEFAULT, manifests).resources) {
    if (kind !== "secret" || !fields.value_from || !("secrets_manager" in fields.value_from))
      continue;
    versions.set(name, await versionOf(source, fields.value_from.secrets_manager));
  }
  return toDesired(OWNER, WORKSPACE_DEFAULT, manifests, { versions });
}

async function versionOf(source: FakeSecretSource, name: string): Promise<string> {
  const known = await source.describe(name).catch(() => undefined);
  return known?.currentVersionId ?? source.put(name, "sk-a-value", { owner: OWNER });
}

/** As after an earlier run, which left everything that is there. */
export function planned(desired: DesiredState, actual: ActualState): Plan {
  const owned = new Map(actual.resources.map((one) => [identityOf(one), one.name]));
  const known = { ...NOTHING_KNOWN, owned };
  const seen = recognised(actual, desired, known);
  const { plan, issues } = planChanges(desired, seen, known, { prune: false });
  if (issues.length > 0) throw new Error(`the plan is refused: ${JSON.stringify(issues)}`);
  return plan;
}

export function requireEmpty({ changes }: Plan): void {
  if (changes.length > 0) throw new Error(`${changes.length} changes are left`);
}

/** Failed writes are counted and not thrown. */
async function outcomesOf(applying: Promise<ChangeOutcome[]>): Promise<readonly ChangeOutcome[]> {
  return applying.catch((error: unknown) => {
    if (error instanceof ApplyError) return error.outcomes;
    throw error;
  });
}
