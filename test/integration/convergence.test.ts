import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type { RunReport } from "#sync/report/report.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import type { FakeSecretSource } from "../support/fake-secret-source.ts";
import { realSync } from "../support/real-sync.ts";
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

function ownerOf(owner: string) {
  const { source, sync } = realSync(mlflow, owner);
  return (generated: Generated): Promise<RunReport | undefined> => {
    for (const [name, text] of sourcesOf(generated)) putOnce(source, name, text, owner);
    return sync(generated.manifest);
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
