import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { GatewayClient } from "#gateway/client.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import { systemClock } from "#runtime/clock.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { RequestCount } from "#runtime/request-count.ts";
import type { RunReport } from "#sync/report/report.ts";
import { type SyncDependencies, syncOwner } from "#sync/sync.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { FakeBucket } from "../support/fake-bucket.ts";
import { FakeSecretSource } from "../support/fake-secret-source.ts";
import { MemoryLedger } from "../support/memory-ledger.ts";
import { A_PLACE } from "../support/places.ts";
import { type Generated, generatedChanges, JUDGE, sourcesOf } from "../support/verify/manifests.ts";
import { startVerifier, type Verifier } from "../support/verify/verifier.ts";

jest.setTimeout(600_000);

const OWNER = "search";
const RUNS = 50;
/** Printed when it fails; set it to repeat a run. */
const SEED = Number(process.env.GATEWAY_OPS_TEST_SEED ?? 20_261_123);

let mlflow: MlflowServer;
let verifier: Verifier;

beforeAll(async () => {
  mlflow = await startMlflow();
  verifier = await startVerifier(mlflow);
  await registerJudge();
});

afterAll(async () => {
  await verifier?.stop();
  await mlflow?.stop();
});

test(`${RUNS} generated manifests, each changed and applied again with prune, converge as MLflow's own client sees it`, async () => {
  const sync = ownerOf(OWNER);
  const check = async ({ manifest, values }: Generated) => {
    const secretValues = Object.fromEntries(
      Object.entries(values).map(([name, api_key]) => [name, { api_key }]),
    );
    const options = { owner: OWNER, isPruned: true, secretValues };
    expect(await verifier.verify(manifest, options)).toEqual([]);
  };
  await fc.assert(
    fc.asyncProperty(generatedChanges, async ({ before, after }) => {
      for (const generated of [before, after]) {
        const report = await sync(generated);
        expect([report?.outcome, report?.error, issuesIn(report)]).toEqual([
          expect.stringMatching(/^(applied|unchanged)$/),
          undefined,
          [],
        ]);
        await check(generated);
      }
      expect((await sync(after))?.outcome).toBe("unchanged");
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
});

/** Syncs as the worker does, with the real gateway; every plan that a guard refuses is approved. */
function ownerOf(owner: string) {
  const { trackingUri, admin } = mlflow;
  const requests = new RequestCount();
  const options = { trackingUri, ...(admin ? { auth: admin } : {}), onRequest: requests.add };
  const gateway = new GatewayClient(options);
  const tracking = new TrackingClient(options);
  const bucket = new FakeBucket();
  const source = new FakeSecretSource();
  const dependencies: Omit<SyncDependencies, "runId"> = {
    gatewayOf: () => gateway,
    trackingOf: () => tracking,
    ledger: new MemoryLedger(),
    source,
    clock: systemClock,
    deadline: NO_DEADLINE,
    place: A_PLACE,
    secretCacheTtlMs: 10_000,
    manifests: bucket,
    tenancy: "open",
    reports: bucket,
    snapshots: bucket,
    approvals: { approver: async () => "the test" },
    requestCounts: requests.counts,
    server: "http://127.0.0.1:5000",
    planSettings: {
      prune: true,
      limits: GUARD_LIMITS_DEFAULT,
      allowLoopbackApiBase: false,
      sources: "aws",
    },
  };
  let runs = 0;
  return (generated: Generated): Promise<RunReport | undefined> => {
    for (const [name, text] of sourcesOf(generated)) putOnce(source, name, text, owner);
    bucket.put(`manifests/${owner}/gateway.yaml`, generated.manifest);
    runs += 1;
    const trigger = { kind: "manifest" as const };
    return syncOwner({ ...dependencies, runId: `run-${runs}` }, owner, { trigger, isLast: true });
  };
}

const stored = new Map<string, string>();

/** A value that is the same gets no new version. */
function putOnce(source: FakeSecretSource, name: string, text: string, owner: string): void {
  if (stored.get(name) === text) return;
  stored.set(name, text);
  source.put(name, text, { owner });
}

function issuesIn(report: RunReport | undefined): unknown[] {
  const errors = report?.workspaces.flatMap(({ error }) => error ?? []) ?? [];
  return [...errors, ...(report?.manifests.flatMap(({ issues = [] }) => issues) ?? [])];
}

async function registerJudge(): Promise<void> {
  const post = async (path: string, json: unknown) => {
    const user = mlflow.admin;
    const answer = await callLocal(`${mlflow.trackingUri}${path}`, {
      method: "POST",
      json,
      ...(user ? { user } : {}),
    });
    expect(answer.status).toBe(200);
    return JSON.parse(answer.body) as Record<string, string>;
  };
  const { experiment_id } = await post("/api/2.0/mlflow/experiments/create", {
    name: JUDGE.experiment,
  });
  for (const version of JUDGE.versions) {
    const answer = await post("/api/3.0/mlflow/scorers/register", {
      ...{ experiment_id, name: JUDGE.name },
      serialized_scorer: JSON.stringify({ name: JUDGE.name, builtin_scorer_class: "Safety" }),
    });
    expect(Number(answer.version)).toBe(version);
  }
}
