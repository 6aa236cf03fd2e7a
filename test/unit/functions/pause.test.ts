import { expect, test } from "@jest/globals";
import type { Pause, PauseScope } from "#runtime/pause.ts";
import { endPause, startPause } from "#runtime/start-pause.ts";
import {
  type HandleDependencies,
  handleTrigger,
} from "../../../functions/config-sync/handle-trigger.ts";
import { readTrigger } from "../../../functions/config-sync/trigger.ts";
import { aManifest, anEndpoint, aSecret, ExpectedError } from "../../support/builders.ts";
import { MANIFEST_KEY, syncRuns } from "../../support/sync-setup.ts";

const OTHER = "manifests/other/gateway.yaml";
const TEAM = "manifests/team/gateway.yaml";

const MINIMAL = (name: string) => ({
  version: 1,
  secrets: [aSecret({ name, value_from: { secrets_manager: `${name}/key` } })],
});
const tagged = (team: string) => aManifest({ endpoints: [anEndpoint({ tags: { team } })] });

function setup(settings = {}, selfHeal = false) {
  const runs = syncRuns(settings);
  const { bucket, source, nextRun } = runs;
  for (const owner of ["other", "team"]) source.put(`${owner}/key`, "value-two", { owner });
  /** What the worker does about the body of a message. */
  const receive = (body: object, { isLast = false } = {}) => {
    const all: HandleDependencies = { ...nextRun(), selfHeal };
    return handleTrigger(all, readTrigger(JSON.stringify(body)), { isLast });
  };
  const put = (key: string, manifest: unknown, options = {}) => {
    bucket.put(key, manifest);
    return receive(created(key), options);
  };
  return { ...runs, receive, put };
}

function created(key: string) {
  return { source: "aws.s3", detail: { object: { key } } };
}

function looking(look: "pending" | "drift") {
  return { look, at: "2026-11-23T12:00:00Z" };
}

const SINCE_MS = Date.parse("2026-11-23T11:00:00Z");

function paused(scope: PauseScope = {}): Pause {
  return { ...scope, since_ms: SINCE_MS, by: "ada@laptop" };
}

test("paused, 20 events, resumed: nothing is written meanwhile, and then all is as declared", async () => {
  const { ledger, gateway, bucket, put, receive, record, told } = setup();
  const keys = [MANIFEST_KEY, OTHER, TEAM, "manifests/team/more.yaml"];
  await startPause(ledger, paused({ worker: "config" }), true);
  const names = ["search", "other", "team", "more"];
  const manifest = (index: number, round: number) => ({
    ...aManifest({
      secrets: [
        aSecret({
          name: `${names[index]}-key`,
          value_from: {
            secrets_manager: index === 0 ? "prod/openai" : `${index === 1 ? "other" : "team"}/key`,
          },
        }),
      ],
      model_definitions: [
        { name: `${names[index]}-model`, secret: `${names[index]}-key`, model_name: `m-${round}` },
      ],
      endpoints: [],
    }),
    budgets: undefined,
  });

  for (let round = 1; round <= 5; round += 1) {
    for (const [index, key] of keys.entries()) {
      const { reports } = await put(key, manifest(index, round));
      expect(reports).toMatchObject([{ outcome: "pending", error: { code: "paused" } }]);
    }
    await receive(looking("pending"));
  }
  expect(gateway.requests).toEqual([]);
  expect((await record(OTHER))?.pending_code).toBe("paused");
  expect(await told()).toEqual(["Paused: config sync"]);

  await endPause(ledger, { worker: "config" }, { by: "ada@laptop", nowMs: SINCE_MS }, true);
  const { reports } = await receive(looking("pending"));
  const again = await receive(looking("pending"));

  expect(reports.map(({ owner, outcome }) => `${owner} ${outcome}`)).toEqual([
    "other applied",
    "search applied",
    "team applied",
  ]);
  expect(again.reports).toEqual([]);
  const models = gateway.visible().definitions;
  expect(models.map(({ name, model_name }) => `${name} ${model_name}`).sort()).toEqual([
    "more-model m-5",
    "other-model m-5",
    "search-model m-5",
    "team-model m-5",
  ]);
  for (const key of keys) {
    expect(await record(key)).toMatchObject({ status: "applied" });
  }
  expect(bucket.reports.filter(({ outcome }) => outcome === "pending")).toHaveLength(20);
});

test("a pause of one owner holds up no other", async () => {
  const { ledger, bucket, receive } = setup();
  await startPause(ledger, paused({ owner: "other" }), true);
  bucket.put(OTHER, MINIMAL("other"));
  bucket.put(TEAM, MINIMAL("team"));

  const { reports } = await receive(looking("pending"));

  expect(reports.map(({ owner, outcome }) => `${owner} ${outcome}`)).toEqual([
    "other pending",
    "team applied",
  ]);
});

test("a pause of the secrets is none of config sync", async () => {
  const { ledger, put } = setup();
  await startPause(ledger, paused({ worker: "secrets" }), true);

  expect((await put(OTHER, MINIMAL("other"))).reports).toMatchObject([{ outcome: "applied" }]);
});

test("what is paused is noted once for each version, and told by the pause alone", async () => {
  const { ledger, put, receive, told } = setup();
  await startPause(ledger, paused(), true);
  await put(MANIFEST_KEY, aManifest());
  const writes = ledger.written.filter((write) => write.includes('"manifest"')).length;

  const { reports } = await receive(created(MANIFEST_KEY));
  await receive(looking("pending"));

  expect(reports).toEqual([]);
  expect(ledger.written.filter((write) => write.includes('"manifest"'))).toHaveLength(writes);
  expect(await told()).toEqual(["Paused: all workers"]);
});

test("while it is paused files are planned for a look, and drift is told but not undone", async () => {
  const { ledger, gateway, put, receive } = setup({}, true);
  await put(MANIFEST_KEY, tagged("search"));
  const [endpoint] = gateway.visible().endpoints;
  const { endpoint_id = "" } = endpoint ?? {};
  await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "a hand" });
  await startPause(ledger, paused(), true);
  await put(MANIFEST_KEY, tagged("new"));
  const writes = gateway.writes().length;

  const { preview } = await put("plans/search/gateway.yaml", aManifest());
  const { drifts } = await receive(looking("drift"));

  expect(preview?.outcome).toBe("planned");
  expect(drifts).toMatchObject([{ owner: "search", resources: 1, report: { outcome: "drifted" } }]);
  expect(gateway.writes()).toHaveLength(writes);

  await endPause(ledger, {}, { by: "ada@laptop", nowMs: SINCE_MS }, true);
  expect((await receive(looking("pending"))).reports).toMatchObject([{ outcome: "applied" }]);
});

test("an approval that comes meanwhile is used when the work is resumed", async () => {
  const { ledger, bucket, gateway, put, receive } = setup({ prune: true });
  await put(MANIFEST_KEY, aManifest());
  const refused = await put(MANIFEST_KEY, {
    version: 1,
    secrets: [],
    model_definitions: [],
    endpoints: [],
  });
  const checksum = refused.reports[0]?.workspaces[0]?.checksum ?? "";
  await startPause(ledger, paused(), true);
  bucket.approve(checksum, "Ada");
  await receive(created(`approvals/${checksum}`));
  expect(gateway.visible().endpoints).toHaveLength(1);

  await endPause(ledger, {}, { by: "ada@laptop", nowMs: SINCE_MS }, true);
  await receive(looking("pending"));

  expect(gateway.visible().endpoints).toEqual([]);
});

test("what was half applied before is not taken for drift because it waits now", async () => {
  const { ledger, gateway, put, receive, record } = setup();
  await put(MANIFEST_KEY, aManifest());
  gateway.failOn("setEndpointTag", 1, new ExpectedError("retry"));
  await put(MANIFEST_KEY, tagged("new"), { isLast: true });
  expect(await record()).toMatchObject({ status: "pending", pending_code: "apply-failed" });
  await startPause(ledger, paused(), true);

  await put(MANIFEST_KEY, tagged("newer"));

  expect(await record()).toMatchObject({ status: "pending", pending_code: "apply-failed" });
  expect((await receive(looking("drift"))).drifts).toMatchObject([{ resources: 0 }]);
});

test("a ledger that cannot be read means that nothing is written, and that it is tried again", async () => {
  const { ledger, gateway, put } = setup();
  const list = ledger.list.bind(ledger);
  ledger.list = (kind, options) =>
    kind.name === "pause" ? Promise.reject(new ExpectedError("retry")) : list(kind, options);

  await expect(put(MANIFEST_KEY, aManifest())).rejects.toMatchObject({ disposition: "retry" });

  expect(gateway.requests).toEqual([]);
});
