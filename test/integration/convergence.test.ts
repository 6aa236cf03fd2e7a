import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type { RunReport } from "#sync/report/report.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import type { FakeSecretSource } from "../support/fake-secret-source.ts";
import { editByHand, handEdits } from "../support/hand-edits.ts";
import { realSync } from "../support/real-sync.ts";
import { rounds, seedFor } from "../support/soak.ts";
import { type Generated, generatedChanges, JUDGE, sourcesOf } from "../support/verify/manifests.ts";
import { startVerifier, type Verifier } from "../support/verify/verifier.ts";

jest.setTimeout(6 * 3_600_000);

const OWNER = "search";
const RUNS = rounds({ usual: 20, soak: 500 });
const SEED = seedFor("convergence");

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

test(`${RUNS} generated manifests, each changed by hand on the gateway, and applied again with prune, converge as MLflow's own client sees it`, async () => {
  const { gateway, apply: sync } = ownerOf(OWNER);
  const check = async ({ manifest, values }: Generated) => {
    const secretValues = Object.fromEntries(
      Object.entries(values).map(([name, api_key]) => [name, { api_key }]),
    );
    const options = { owner: OWNER, isPruned: true, secretValues };
    expect(await verifier.verify(manifest, options)).toEqual([]);
  };
  await fc.assert(
    fc.asyncProperty(generatedChanges, handEdits, async ({ before, after }, edits) => {
      const edited: (string | undefined)[] = [];
      for (const generated of [before, after]) {
        const report = await sync(generated);
        expect([report?.outcome, report?.error, issuesIn(report), edited]).toEqual([
          expect.stringMatching(/^(applied|unchanged)$/),
          undefined,
          [],
          edited,
        ]);
        await check(generated);
        if (generated === before) {
          const stays = after.manifest.endpoints.filter((one) => one.previous_name === undefined);
          const declared = new Set(stays.map(({ name }) => name));
          for (const edit of edits) edited.push(await editByHand(gateway, edit, declared));
        }
      }
      expect((await sync(after))?.outcome).toBe("unchanged");
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
});

function ownerOf(owner: string) {
  const { gateway, source, sync } = realSync(mlflow, owner);
  const apply = (generated: Generated): Promise<RunReport | undefined> => {
    for (const [name, text] of sourcesOf(generated)) putOnce(source, name, text, owner);
    return sync(generated.manifest);
  };
  return { gateway, apply };
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
