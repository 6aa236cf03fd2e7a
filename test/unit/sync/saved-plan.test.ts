import { expect, test } from "@jest/globals";
import { OPEN } from "#manifest/access.ts";
import { type PlanRequest, planOwner } from "#sync/owner/plan-owner.ts";
import { checkPlace, checkSaved, savedFiles, savedPlan } from "#sync/saved-plan.ts";
import { aManifest, anEndpoint } from "../../support/builders.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { MANIFEST_KEY, syncRuns } from "../../support/sync-setup.ts";

const CHANGED = aManifest({ endpoints: [anEndpoint({ tags: { team: "search" } })] });

/** A plan of one change, and what makes it anew. */
async function setup(content: string | Uint8Array = JSON.stringify(CHANGED)) {
  const runs = syncRuns();
  await runs.putAndSync(aManifest());
  const request: PlanRequest = {
    owner: "search",
    access: OPEN,
    files: [{ name: MANIFEST_KEY, version_id: "object-version-9", content }],
    ...runs.nextRun().planSettings,
  };
  const plan = (changes: Partial<PlanRequest> = {}) =>
    planOwner(runs.nextRun(), { ...request, ...changes });
  const saved = savedPlan(runs.nextRun(), request, await plan());
  const tag = async () => {
    const [endpoint] = runs.gateway.visible().endpoints;
    const { endpoint_id = "" } = endpoint ?? {};
    await runs.gateway.endpoints.setTag({ endpoint_id, key: "team", value: "a hand" });
  };
  return { ...runs, request, plan, saved, tag };
}

test("a saved plan holds the files that it was made from, and the plans", async () => {
  const { saved } = await setup(new TextEncoder().encode(JSON.stringify(CHANGED)));

  expect(saved).toMatchObject({
    version: 1,
    owner: "search",
    server: "https://mlflow.example.com",
    prune: false,
    manifests: [
      { key: MANIFEST_KEY, version_id: "object-version-9", text: JSON.stringify(CHANGED) },
    ],
    workspaces: [{ workspace: "default", changes: [{ action: "update" }] }],
  });
  expect(JSON.parse(JSON.stringify(saved))).toEqual(saved);
  expectNoLeak(["value-one"], saved);
});

test("a plan that is made again is the saved one", async () => {
  const { saved, plan } = await setup();

  const again = await plan({ files: savedFiles(saved) });

  expect(() => checkSaved(saved, again)).not.toThrow();
});

test("files that were put under other names or versions give the same plan", async () => {
  const { saved, plan } = await setup();
  const content = JSON.stringify(CHANGED);

  const again = await plan({ files: [{ name: "gateway.yaml", version_id: "1", content }] });

  expect(() => checkSaved(saved, again)).not.toThrow();
});

test("a saved plan is stale when the gateway changed what it touches", async () => {
  const { saved, plan, tag } = await setup();
  await tag();

  const again = await plan();

  expect(() => checkSaved(saved, again)).toThrow(
    expect.objectContaining({
      code: "stale-plan",
      disposition: "reject",
      message: expect.stringContaining("plan again"),
    }),
  );
});

test("a saved plan is stale when the source of a secret moved", async () => {
  const { saved, plan, source } = await setup();
  source.put("prod/openai", "value-two");

  const again = await plan();

  expect(() => checkSaved(saved, again)).toThrow(expect.objectContaining({ code: "stale-plan" }));
});

test("a saved plan whose changes were edited beside its checksum is not applied", async () => {
  const { saved, plan } = await setup();
  const edited = {
    ...saved,
    workspaces: saved.workspaces.map((workspace) => ({ ...workspace, changes: [] })),
  };

  const again = await plan();

  expect(() => checkSaved(edited, again)).toThrow(
    expect.objectContaining({
      code: "stale-plan",
      message: expect.stringContaining("was edited"),
    }),
  );
});

test("a saved plan is stale when prune is another than it was", async () => {
  const { saved, plan } = await setup();

  const again = await plan({ prune: true });

  expect(() => checkSaved(saved, again)).toThrow(expect.objectContaining({ code: "stale-plan" }));
});

test("a saved plan is stale when it is applied already", async () => {
  const { saved, plan, putAndSync } = await setup();
  await putAndSync(CHANGED);

  const again = await plan();

  expect(() => checkSaved(saved, again)).toThrow(expect.objectContaining({ code: "stale-plan" }));
});

test("a plan of a workspace that the command line names is kept with it", async () => {
  const { request, plan, nextRun } = await setup();
  const inB = { ...request, workspace: "team-b" };

  const saved = savedPlan(nextRun(), inB, await plan({ workspace: "team-b" }));

  expect(saved).toMatchObject({ workspace: "team-b", workspaces: [{ workspace: "team-b" }] });
});

test.each([
  ["http://localhost:5000", "http://127.0.0.1:5000"],
  ["https://mlflow.example.com", "https://mlflow.example.com:443"],
])("a plan of %s is for the same server by another address: %s", async (made, server) => {
  const { saved } = await setup();

  expect(() => checkPlace({ ...saved, server: made }, { server })).not.toThrow();
});

test("a plan is for the server that it was made for, and names both", async () => {
  const { saved } = await setup();
  const check = () => checkPlace(saved, { server: "https://other.example.com" });

  expect(check).toThrow(expect.objectContaining({ code: "stale-plan" }));
  expect(check).toThrow(
    "the plan was made for the server https://mlflow.example.com, and this is https://other.example.com",
  );
});

test("a plan is for the workspace that it was made for, and for no other that is asked for", async () => {
  const { saved } = await setup();
  const { server } = saved;

  expect(() => checkPlace(saved, { server, workspace: "default" })).not.toThrow();
  expect(() => checkPlace(saved, { server, workspace: "team-b" })).toThrow(
    "the plan was made for the workspace default, and team-b is asked for",
  );
});
