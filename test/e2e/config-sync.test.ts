import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteObjectCommand, PutBucketNotificationConfigurationCommand } from "@aws-sdk/client-s3";
import { UpdateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { GetQueueAttributesCommand, ListQueuesCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DynamoLedger } from "#aws/ledger.ts";
import { isHeld, LEASES } from "#runtime/lease.ts";
import { put as putRecord } from "#runtime/ledger.ts";
import { endPause, startPause } from "#runtime/start-pause.ts";
import type { Preview } from "#sync/preview/preview-result.ts";
import type { RunOutcome, RunReport } from "#sync/report/report.ts";
import { callLocal } from "../../scripts/local/http.ts";
import {
  changesIn,
  createSecret,
  issuesIn,
  madeUpKey,
  type PutObject,
  putManifest,
  putObject,
  readObject,
  settled,
} from "../../scripts/story/actions.ts";
import type { ReceivedEvent } from "../../scripts/story/mailbox.ts";
import { until } from "../../scripts/story/until.ts";
import { CREDENTIALS_SECRET, openWorld, output, type World } from "../../scripts/story/world.ts";

import { BOMBS } from "../support/bombs.ts";

import { CI_OWNER } from "../support/ci-docs.ts";
import { makeRepository, statusesOf } from "../support/ci-workflow.ts";

import { A_PLACE } from "../support/places.ts";
import { invocations, timesLogged } from "../support/written.ts";

/** Deploying takes seconds, but a new machine first reads a gigabyte of Python. */
const OPEN_TIMEOUT_MS = 240_000;
/** Several schedules of a minute each. */
const TEST_TIMEOUT_MS = 480_000;
const SCHEDULE_TIMEOUT_MS = 150_000;
/** Whose login the workers have: an admin, but for one test. */
const OPERATOR = { username: "operator", password: madeUpKey("operator-password") };

let world: World;

beforeAll(async () => {
  world = await openWorld({
    context: { prune: "true", tenancy: "open" },
    users: [OPERATOR],
    onProgress: () => undefined,
  });
  await makeAdmin(true);
  // No worker has read a login yet: the first one begins with the first manifest.
  await world.secretsManager.send(
    new UpdateSecretCommand({
      SecretId: CREDENTIALS_SECRET,
      SecretString: JSON.stringify(OPERATOR),
    }),
  );
  await createSecret(world, "team/key", madeUpKey("team"));
}, OPEN_TIMEOUT_MS);

afterAll(async () => {
  await world?.close();
}, OPEN_TIMEOUT_MS);

test(
  "a manifest is created, changed, renamed in place and pruned; each put is one invocation",
  async () => {
    const before = await invocations(world);
    const created = await settled(world, await putManifest(world, "life.yaml", LIFE), "applied");
    const { endpoint_id } = await world.gateway.endpoints.get({ name: "chat" });
    const changed = await settled(
      world,
      await putManifest(world, "life.yaml", LIFE.replace("team: search", "team: ads")),
      "applied",
    );
    const renamed = await settled(
      world,
      await putManifest(
        world,
        "life.yaml",
        LIFE.replace("name: chat\n", "name: talk\n    previous_name: chat\n").replace(
          "target_value: chat",
          "target_value: talk",
        ),
      ),
      "applied",
    );
    const endpoint = await world.gateway.endpoints.get({ name: "talk" });
    const bindings = await world.gateway.bindings.list({ endpoint_id });
    const pruned = await settled(
      world,
      await putManifest(world, "life.yaml", PRUNED.replaceAll("chat", "talk")),
      "applied",
    );
    const after = await invocations(world);

    expect(changesIn(created.data)).toEqual([
      "create secret/key",
      "create model_definition/big",
      "create model_definition/small",
      "create endpoint/chat",
      "create endpoint/mini",
      "create budget/daily",
    ]);
    expect(changesIn(changed.data)).toEqual(["update endpoint/chat"]);
    expect(changesIn(renamed.data)).toEqual(["update endpoint/talk"]);
    expect(endpoint.endpoint_id).toBe(endpoint_id);
    expect(endpoint.tags.map(({ key, value }) => `${key}=${value}`).sort()).toEqual([
      "gwops/owner=default",
      "team=search",
    ]);
    expect(bindings.map(({ resource_id }) => resource_id)).toEqual(["toxicity"]);
    expect((await world.gateway.budgets.list()).map(({ target_value }) => target_value)).toEqual([
      endpoint_id,
    ]);
    expect(changesIn(pruned.data)).toEqual([
      "delete endpoint/mini",
      "delete model_definition/small",
    ]);
    expect((await world.gateway.endpoints.list()).map(({ name }) => name)).toEqual(["talk"]);
    // The schedules look in between: only invocations for an object count.
    expect(after - before).toBe(4);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a broken file beside a good one blocks only itself, and nothing is pruned meanwhile",
  async () => {
    const broken = await putManifest(world, "broken.yaml", "version: 1\nendpoint: []\n");
    const rejected = await settled(world, broken, "rejected");

    const good = await putManifest(world, "life.yaml", LIFE.replaceAll("chat", "talk"));
    const applied = await settled(world, good, "applied");
    const less = await putManifest(world, "life.yaml", PRUNED.replaceAll("chat", "talk"));
    await reported(less, "unchanged");

    expect(issuesIn(rejected.data)).toEqual([
      expect.stringMatching(/^manifests\/default\/broken.yaml:2:1 endpoint is not a known key/),
    ]);
    expect(changesIn(applied.data)).toEqual([
      "create model_definition/small",
      "create endpoint/mini",
    ]);
    expect((await world.gateway.endpoints.list()).map(({ name }) => name).sort()).toEqual([
      "mini",
      "talk",
    ]);
    await putManifest(world, "broken.yaml", "version: 1\n");
  },
  TEST_TIMEOUT_MS,
);

test(
  "of two puts in quick succession the newest wins, whole",
  async () => {
    const text = (tag: string, model: string) =>
      [
        "version: 1",
        "secrets:",
        "  - { name: quick, provider: openai, value_from: { secrets_manager: quick/key } }",
        "model_definitions:",
        `  - { name: quick, secret: quick, model_name: ${model} }`,
        "endpoints:",
        "  - name: quick",
        "    models: [ { model_definition: quick, linkage_type: PRIMARY } ]",
        `    tags: { version: "${tag}" }`,
      ].join("\n");
    await createSecret(world, "quick/key", madeUpKey("quick"), "quick");
    const since = new Date();

    await putManifest(world, "quick.yaml", text("one", "gpt-4o"), "quick");
    const second = await putManifest(world, "quick.yaml", text("two", "gpt-4o-mini"), "quick");
    await settled(world, second, "applied");
    const endpoint = await world.gateway.endpoints.get({ name: "quick" });

    expect(endpoint.tags.find(({ key }) => key === "version")?.value).toBe("two");
    expect(endpoint.model_mappings[0]?.model_definition?.model_name).toBe("gpt-4o-mini");
    const told = (await world.operations.received()).filter(
      ({ data, time }) => data.owner === "quick" && new Date(time) >= since,
    );
    expect(told.length).toBeLessThanOrEqual(2);
    expect(told.every(({ type }) => type === "mlflow-gateway-ops.manifest.applied")).toBe(true);
  },
  TEST_TIMEOUT_MS,
);

test(
  "deleting a manifest deletes nothing, also when the owner's other files are applied later",
  async () => {
    const kept = await putManifest(world, "kept.yaml", endpointOf("kept"), "quick");
    await settled(world, kept, "applied");
    await world.s3.send(
      new DeleteObjectCommand({
        Bucket: output(world.outputs, "ManifestBucketName"),
        Key: kept.key,
      }),
    );

    const other = await putManifest(world, "other.yaml", endpointOf("other"), "quick");
    const event = await settled(world, other, "applied");

    expect(changesIn(event.data)).toEqual(["create endpoint/other"]);
    expect(event.data.deleted_manifests).toEqual([kept.key]);
    expect((await world.gateway.endpoints.get({ name: "kept" })).name).toBe("kept");
  },
  TEST_TIMEOUT_MS,
);

test(
  "a plan that deletes too much is refused, and applied once its checksum is approved",
  async () => {
    await createSecret(world, "many/key", madeUpKey("many"), "many");
    await settled(world, await putManifest(world, "many.yaml", many(MANY), "many"), "applied");

    const less = await putManifest(world, "many.yaml", many(["one"]), "many");
    const refused = await settled(world, less, "refused");
    const stillThere = await ownEndpoints("many-");
    const checksum = checksumsIn(refused)[0] ?? "";
    await putObject(world, `approvals/${checksum}`, "yes");
    const applied = await settled(world, less, "applied");

    expect(stillThere).toHaveLength(4);
    expect(JSON.stringify(refused.data)).toContain("3 of 4");
    expect(await ownEndpoints("many-")).toEqual(["many-one"]);
    const [workspace] = applied.data.workspaces as RunReport["workspaces"];
    expect(workspace?.approval).toEqual({ checksum, by: expect.any(String) });
    expect(applied.attributes.manifest).toBe(`approvals/${checksum}`);
  },
  TEST_TIMEOUT_MS,
);

test(
  "an approval that comes while another run holds the lease for long is no dead letter, and works",
  async () => {
    await settled(world, await putManifest(world, "many.yaml", many(MANY), "many"), "applied");
    const less = await putManifest(world, "many.yaml", many(["two"]), "many");
    const refused = await settled(world, less, "refused");
    const letGo = await holdSyncLease();
    // Before it in the queue there may be one message of each schedule.
    const givenUp = (await timesLogged(world, LEFT_TO_SCHEDULE)) + 3;
    await putObject(world, `approvals/${checksumsIn(refused)[0]}`, "yes");
    await until("the approval is given up", SCHEDULE_TIMEOUT_MS, async () =>
      (await timesLogged(world, LEFT_TO_SCHEDULE)) >= givenUp ? true : undefined,
    );
    const stillThere = await ownEndpoints("many-");
    await letGo();

    const applied = await settled(world, less, "applied");

    expect(stillThere).toHaveLength(4);
    expect(applied.data.trigger).toEqual({ kind: "schedule" });
    expect(await ownEndpoints("many-")).toEqual(["many-two"]);
    expect(await deadLetters()).toBe(0);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a file under plans/ is planned, told, and changes nothing",
  async () => {
    const before = await world.gateway.endpoints.list();
    const source = await putObject(
      world,
      "plans/quick/other.yaml",
      endpointOf("other").replace("linkage_type: PRIMARY", "linkage_type: PRIMARY, weight: 0.5"),
    );
    const event = await world.operations.waitFor(
      "an operations message about the preview",
      SCHEDULE_TIMEOUT_MS,
      ({ type, data }) =>
        type === "mlflow-gateway-ops.plan.planned" &&
        (data.source as { version_id: string }).version_id === source.version,
    );
    const preview = JSON.parse(await readObject(world, event.data.result_key as string)) as Preview;
    const markdown = await readObject(world, "plan-results/quick/other.yaml.md");

    expect(preview.workspaces[0]?.changes.map(({ action }) => action)).toEqual(["update"]);
    expect(markdown).toContain("endpoint/other");
    expect(await world.gateway.endpoints.list()).toEqual(before);
  },
  TEST_TIMEOUT_MS,
);

test(
  "the workflow of docs/ci.md plans a pull request and applies what is merged, without a login",
  async () => {
    const repository = await makeRepository(world);
    await createSecret(world, `${CI_OWNER}/key`, madeUpKey(CI_OWNER), CI_OWNER);
    const manifest = tenant(CI_OWNER);
    const before = await everythingOf(world);

    repository.write(manifest);
    const planned = await repository.play("plan");
    const comment = repository.read("plan.md");
    const afterPlan = await everythingOf(world);
    const pushed = await repository.play("push");
    const plannedAgain = await repository.play("plan");

    expect(statusesOf(planned)).toEqual({ Validate: 0, Plan: 0, Comment: 0 });
    expect(comment).toContain("+ create endpoint/endpoint-search");
    expect(repository.read("gh-arguments.txt")).toBe(
      "pr\ncomment\n12\n--edit-last\n--create-if-none\n--body-file\nplan.md\n",
    );
    expect(afterPlan).toBe(before);
    expect(statusesOf(pushed)).toEqual({ Validate: 0, Push: 0 });
    expect(repository.read("summary.md")).toContain(`# ${CI_OWNER}: applied`);
    expect(await ownEndpoints("endpoint-search")).toEqual(["endpoint-search"]);
    expect(statusesOf(plannedAgain)).toEqual({ Validate: 0, Plan: 0, Comment: 0 });
    expect(repository.read("plan.md")).toContain("There is nothing to change.");

    repository.write(`${manifest}\nzzz: 1\n`);
    expect(statusesOf(await repository.play("plan"))).toEqual({ Validate: 4 });
    repository.remove();
  },
  TEST_TIMEOUT_MS,
);

test(
  "while an owner is paused manifests wait, and resuming applies the newest",
  async () => {
    const ledger = openLedger();
    const pause = { owner: "quick", since_ms: Date.now(), by: "somebody" };
    await startPause(ledger, pause, true);

    await putManifest(world, "waiting.yaml", endpointOf("first-waiting"), "quick");
    const newest = await putManifest(world, "waiting.yaml", endpointOf("waiting"), "quick");
    await reported(newest, "pending");
    expect(await ownEndpoints("first-waiting")).toEqual([]);
    expect(await ownEndpoints("waiting")).toEqual([]);
    await endPause(ledger, pause, { by: "somebody", nowMs: Date.now() }, true);
    await settled(world, newest, "applied");

    expect(await ownEndpoints("waiting")).toEqual(["waiting"]);
    const told = (await world.operations.received()).map(({ type }) => type);
    expect(told.filter((type) => type.startsWith("mlflow-gateway-ops.work."))).toEqual([
      "mlflow-gateway-ops.work.paused",
      "mlflow-gateway-ops.work.resumed",
    ]);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a bomb of one owner is rejected once, and the good file of another is applied within a minute",
  async () => {
    await createSecret(world, "beside/key", madeUpKey("beside"), "beside");
    const text = BOMBS["450,000 unknown keys"]?.files()["gateway.yaml"] ?? "";
    const bomb = await putManifest(world, "bomb.yaml", text, "bomber");
    const begin = Date.now();
    const good = await putManifest(world, "good.yaml", tenant("beside"), "beside");
    await settled(world, good, "applied");
    const appliedMs = Date.now() - begin;
    const rejected = await settled(world, bomb, "rejected");
    // A delivery that came again would have been told by now.
    await setTimeout(20_000);
    const told = (await world.operations.received()).filter(({ data }) => data.owner === "bomber");

    await world.s3.send(
      new DeleteObjectCommand({
        Bucket: output(world.outputs, "ManifestBucketName"),
        Key: bomb.key,
      }),
    );

    expect(appliedMs).toBeLessThan(60_000);
    expect(issuesIn(rejected.data)[0]).toMatch(/k0 is not a known key/);
    expect(told.map(({ type }) => type)).toEqual(["mlflow-gateway-ops.manifest.rejected"]);
  },
  TEST_TIMEOUT_MS,
);

test(
  "what an owner may not have is refused with a sentence, and the other owner is untouched",
  async () => {
    await createSecret(world, "a/key", madeUpKey("a"), "team-a");
    await createSecret(world, "b/key", madeUpKey("b"), "team-b");
    const all = "kinds: [secret, model_definition, endpoint, budget], names: ['*'], secrets: ['*']";
    const policy = [
      "version: 2",
      "owners:",
      `  team-b: { ${all}, hosts: [api.openai.com], budgets: { scopes: [ENDPOINT], amount_max: 100 } }`,
      `  "*": { ${all}, hosts: ["*"], experiments: ["*"], budgets: { scopes: [ENDPOINT], amount_max: 10000 } }`,
    ].join("\n");
    await putObject(world, "manifests/policy.yaml", policy);
    await settled(world, await putManifest(world, "a.yaml", tenant("a"), "team-a"), "applied");
    const before = await everythingOf(world);
    const attempts: Record<string, [text: string, sentence: RegExp]> = {
      "aws-secret.yaml": [
        tenant("b1").replace("b1/key", "a/key"),
        /a\/key belongs to the owner "team-a"/,
      ],
      "gateway-secret.yaml": [
        tenant("b").replaceAll("name: b,", "name: a,").replace("secret: b", "secret: a"),
        /belongs to the owner "team-a"/,
      ],
      "endpoint.yaml": [
        tenant("b").replace("name: endpoint-b", "name: endpoint-a"),
        /endpoint.* belongs to the owner "team-a"/,
      ],
      "external.yaml": [
        "version: 1\nsecrets: [ { name: a, external: true } ]\nmodel_definitions: [ { name: thief, secret: a, provider: openai, model_name: gpt-4o } ]",
        /belongs to the owner "team-a"/,
      ],
      "host.yaml": [
        tenant("b").replace("api.openai.com", "evil.example.com"),
        /evil\.example\.com/,
      ],
      "budget.yaml": [`${tenant("b")}\n${BUDGET_OF_B}`, /100/],
    };
    for (const [file, [text, sentence]] of Object.entries(attempts)) {
      const put = await putManifest(world, file, text, "team-b");
      const event = await settled(world, put, "rejected");
      expect([file, issuesIn(event.data).join("\n")]).toEqual([
        file,
        expect.stringMatching(sentence),
      ]);
      await putManifest(world, file, "version: 1\n", "team-b");
    }

    const again = await putManifest(world, "a.yaml", `${tenant("a")}\n# again\n`, "team-a");
    await reported(again, "unchanged");
    expect(await everythingOf(world)).toBe(before);
  },
  TEST_TIMEOUT_MS,
);

test(
  "after a rollback the bucket says what the gateway is, and the same is not applied again",
  async () => {
    await createSecret(world, "back/key", madeUpKey("back"), "back");
    const good = tenant("back");
    const bad = good.replace("model_name: gpt-4o", "model_name: gpt-4o-mini");
    const put = (text: string) => putManifest(world, "back.yaml", text, "back");
    await settled(world, await put(good), "applied");
    await settled(world, await put(bad), "applied");

    await gwops("rollback", "--yes", "--stack", "GatewayOps", "--owner", "back");
    const inBucket = await readObject(world, "manifests/back/back.yaml");
    const held = await settled(world, await put(`${bad}\n# again\n`), "held");
    const models = (await world.gateway.modelDefinitions.list()).filter(
      ({ name }) => name === "definition-back",
    );

    expect(inBucket).toBe(good);
    expect(held.data).toMatchObject({ owner: "back", holds: [{ workspace: "default" }] });
    expect(models).toMatchObject([{ model_name: "gpt-4o" }]);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a login that sees an empty gateway creates nothing and prunes nothing, and says why",
  async () => {
    const before = await everythingOf(world);
    await makeAdmin(false);

    const put = await putManifest(world, "login.yaml", endpointOf("login"), "quick");
    const pending = await settled(world, put, "pending");
    const during = await everythingOf(world);
    await makeAdmin(true);
    const applied = await settled(world, put, "applied");

    expect(pending.attributes.code).toBe("gateway-login-not-admin");
    expect(JSON.stringify(pending.data)).toContain("not an admin");
    expect(during).toBe(before);
    expect(changesIn(applied.data)).toEqual(["create endpoint/login"]);
  },
  TEST_TIMEOUT_MS,
);

test(
  "drift is told once, and told again when it is gone",
  async () => {
    const { endpoint_id } = await world.gateway.endpoints.get({ name: "talk" });
    const since = new Date();
    await world.gateway.endpoints.setTag({ endpoint_id, key: "team", value: "by hand" });
    const told = await drift("drifted", since);
    // Two more looks at the same drift stay quiet.
    await setTimeout(125_000);
    const toldInAll = (await world.operations.received()).filter(
      ({ type, time }) => type === "mlflow-gateway-ops.drift.drifted" && new Date(time) >= since,
    );
    await world.gateway.endpoints.setTag({ endpoint_id, key: "team", value: "search" });
    const gone = await drift("unchanged", new Date());

    expect([told.data.owner, changesIn(told.data)]).toEqual(["default", ["update endpoint/talk"]]);
    expect(toldInAll).toHaveLength(1);
    expect(gone.data.owner).toBe("default");
  },
  TEST_TIMEOUT_MS,
);

test(
  "a manifest whose event never arrived is applied by the schedule",
  async () => {
    await notify(false);
    const put = await putManifest(world, "lost.yaml", endpointOf("lost"), "quick");
    await setTimeout(2_000);
    await notify(true);

    const event = await settled(world, put, "applied");

    expect(changesIn(event.data)).toEqual(["create endpoint/lost"]);
    expect(event.data.trigger).toEqual({ kind: "schedule" });
  },
  TEST_TIMEOUT_MS,
);

test(
  "a function that is killed in the middle of an apply is followed by another within 90 s",
  async () => {
    const count = 100;
    const made = async () => {
      const definitions = await world.gateway.modelDefinitions.list();
      return definitions.filter(({ name }) => name.startsWith("killed-")).length;
    };
    const names = Array.from({ length: count }, (_, index) => `killed-${index + 100}`);
    const put = await putManifest(world, "killed.yaml", definitionsOf(names), "quick");
    await until("the first changes", SCHEDULE_TIMEOUT_MS, async () => (await made()) || undefined);

    const killed = functionProcesses(world.aws.pid, "config-sync");
    for (const pid of killed) process.kill(pid, "SIGKILL");
    const killedMs = Date.now();
    const left = count - (await made());
    await until("all changes", SCHEDULE_TIMEOUT_MS, async () =>
      (await made()) === count ? true : undefined,
    );
    const backSeconds = (Date.now() - killedMs) / 1000;
    await settled(world, put, "applied");

    expect(killed.length).toBeGreaterThan(0);
    expect(left).toBeGreaterThan(0);
    expect(backSeconds).toBeLessThan(90);
  },
  TEST_TIMEOUT_MS,
);

test(
  "while the gateway is down the newest manifests stay pending, and the schedule applies them",
  async () => {
    await world.mlflow.stop();
    const first = await putManifest(world, "down.yaml", endpointOf("first-down"), "quick");
    await settled(world, first, "pending");
    const newest = await putManifest(world, "down.yaml", endpointOf("down"), "quick");
    await world.mlflow.restart();

    await settled(world, newest, "applied");

    expect(await ownEndpoints("down")).toEqual(["down"]);
    expect(await ownEndpoints("first-down")).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

const LIFE = [
  "version: 1",
  "secrets:",
  "  - { name: key, provider: openai, value_from: { secrets_manager: team/key } }",
  "model_definitions:",
  "  - { name: big, secret: key, model_name: gpt-4o }",
  "  - { name: small, secret: key, model_name: gpt-4o-mini }",
  "endpoints:",
  "  - name: chat",
  "    models: [ { model_definition: big, linkage_type: PRIMARY } ]",
  "    tags: { team: search }",
  "    bindings: [ { resource_type: scorer, resource_id: toxicity } ]",
  "  - name: mini",
  "    models: [ { model_definition: small, linkage_type: PRIMARY } ]",
  "budgets:",
  "  - name: daily",
  "    budget_amount: 10",
  "    duration: { unit: DAYS, value: 1 }",
  "    target_scope: ENDPOINT",
  "    target_value: chat",
  "    budget_action: ALERT",
].join("\n");

const MANY = ["one", "two", "three", "four"];

/** Endpoints of the owner "many". */
function many(names: readonly string[]): string {
  return [
    "version: 1",
    "secrets:",
    "  - { name: many, provider: openai, value_from: { secrets_manager: many/key } }",
    "model_definitions:",
    "  - { name: many, secret: many, model_name: gpt-4o }",
    "endpoints:",
    ...names.map(
      (name) =>
        `  - { name: many-${name}, models: [ { model_definition: many, linkage_type: PRIMARY } ] }`,
    ),
  ].join("\n");
}

const PRUNED = LIFE.replace(/ {2}- \{ name: small.*\n/, "").replace(/ {2}- name: mini\n.*\n/, "");

const BUDGET_OF_B = [
  "budgets:",
  "  - name: budget-b",
  "    budget_amount: 101",
  "    duration: { unit: DAYS, value: 1 }",
  "    target_scope: ENDPOINT",
  "    target_value: endpoint-b",
  "    budget_action: ALERT",
].join("\n");

/** An endpoint beside the others of the owner "quick": what it refers to is in another file. */
function endpointOf(name: string): string {
  return [
    "version: 1",
    "endpoints:",
    `  - name: ${name}`,
    "    models: [ { model_definition: quick, linkage_type: PRIMARY } ]",
  ].join("\n");
}

/** Model definitions beside the others of the owner "quick". */
function definitionsOf(names: readonly string[]): string {
  return [
    "version: 1",
    "model_definitions:",
    ...names.map((name) => `  - { name: ${name}, secret: quick, model_name: gpt-4o }`),
  ].join("\n");
}

const LEFT_TO_SCHEDULE = "another run writes: left to the schedule";

/**
 * Holds the lease as another run does that lives, until the function that it returns is called; for
 * so short a time ahead that a message is given up within seconds and not within minutes.
 */
async function holdSyncLease(): Promise<() => Promise<void>> {
  const ledger = openLedger();
  const since_ms = Date.now();
  const holder = { ...A_PLACE, run_id: "somebody-at-a-machine" };
  const hold = async (aheadMs: number) => {
    const record = await ledger.read(LEASES, "sync");
    const isFree = !record || !isHeld(record.value, Date.now());
    if (!isFree && record.value.holder.run_id !== holder.run_id) return false;
    const value = { holder, since_ms, expires_at_ms: Date.now() + aheadMs };
    return ledger.commit([putRecord(LEASES, "sync", value, record)]);
  };
  await until("the lease", SCHEDULE_TIMEOUT_MS, async () => (await hold(3000)) || undefined);
  const stop = new AbortController();
  const holding = (async () => {
    while (!stop.signal.aborted) {
      await hold(3000);
      await setTimeout(500);
    }
  })();
  return async () => {
    stop.abort();
    await holding;
    await hold(0);
  };
}

/** How many messages nobody could handle, of all workers. */
async function deadLetters(): Promise<number> {
  const { QueueUrls = [] } = await world.sqs.send(new ListQueuesCommand({}));
  const urls = QueueUrls.filter((url) => url.includes("DeadLetters"));
  expect(urls.length).toBeGreaterThan(0);
  const counts = await Promise.all(
    urls.map(async (QueueUrl) => {
      const { Attributes } = await world.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ["ApproximateNumberOfMessages"],
        }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function openLedger(): DynamoLedger {
  return new DynamoLedger(
    new DynamoDBClient({
      endpoint: world.aws.endpoint,
      region: world.aws.region,
      credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
    }),
    output(world.outputs, "LedgerTableName"),
  );
}

/** Processes in which the local AWS runs a function, by what it gave them to read. */
function functionProcesses(awsPid: number, service: string): number[] {
  return descendantsOf(awsPid).filter((pid) =>
    readProcess(pid, "environ").split("\0").includes(`POWERTOOLS_SERVICE_NAME=${service}`),
  );
}

function descendantsOf(pid: number): number[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const children = all.filter((one) => parentOf(one) === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The name of the program stands in parentheses, then the state and the parent follow. */
function parentOf(pid: number): number {
  return Number(/\) \S (\d+)/.exec(readProcess(pid, "stat"))?.[1]);
}

/** Empty when the process has just ended. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function tenant(name: string): string {
  return [
    "version: 1",
    "secrets:",
    `  - { name: ${name}, provider: openai, value_from: { secrets_manager: ${name}/key }, auth_config: { auth_mode: api_key, api_base: "https://api.openai.com/v1" } }`,
    "model_definitions:",
    `  - { name: definition-${name}, secret: ${name}, model_name: gpt-4o }`,
    "endpoints:",
    `  - { name: endpoint-${name}, models: [ { model_definition: definition-${name}, linkage_type: PRIMARY } ] }`,
  ].join("\n");
}

async function ownEndpoints(prefix: string): Promise<string[]> {
  const names = (await world.gateway.endpoints.list()).map(({ name }) => name);
  return names.filter((name) => name.startsWith(prefix)).sort();
}

/** Everything on the gateway that a manifest can change. */
async function everythingOf({ gateway }: World): Promise<string> {
  const lists = await Promise.all([
    gateway.secrets.list(),
    gateway.modelDefinitions.list(),
    gateway.endpoints.list(),
    gateway.bindings.list(),
    gateway.budgets.list(),
  ]);
  return JSON.stringify(lists.map((list) => list.map((one) => JSON.stringify(one)).sort()));
}

function checksumsIn({ data }: ReceivedEvent): string[] {
  return (data.workspaces as RunReport["workspaces"]).map(({ checksum }) => checksum);
}

/** The command line as a person with a login to MLflow and to AWS runs it. */
async function gwops(...argv: readonly string[]): Promise<void> {
  const { admin, trackingUri } = world.mlflow;
  await promisify(execFile)(process.execPath, ["--import", "tsx", "bin/gwops.ts", ...argv], {
    env: {
      PATH: process.env.PATH ?? "",
      MLFLOW_TRACKING_URI: trackingUri,
      MLFLOW_TRACKING_USERNAME: admin?.username ?? "",
      MLFLOW_TRACKING_PASSWORD: admin?.password ?? "",
      ...world.aws.environment,
      AWS_ENDPOINT_URL: world.aws.endpoint,
      AWS_REGION: world.aws.region,
    },
  });
}

/** Whether MLflow shows the operator everything. */
async function makeAdmin(is_admin: boolean): Promise<void> {
  const { admin, trackingUri } = world.mlflow;
  if (!admin) throw new Error("the server of this test has accounts");
  const answer = await callLocal(`${trackingUri}/api/2.0/mlflow/users/update-admin`, {
    method: "PATCH",
    user: admin,
    json: { username: OPERATOR.username, is_admin },
  });
  expect(answer.status).toBe(200);
}

function drift(outcome: "drifted" | "unchanged", since: Date): Promise<ReceivedEvent> {
  return world.operations.waitFor(
    `an operations message that drift is ${outcome}`,
    SCHEDULE_TIMEOUT_MS,
    ({ type, time }) => type === `mlflow-gateway-ops.drift.${outcome}` && new Date(time) >= since,
  );
}

/** Switches the events of the bucket on or off. */
async function notify(isOn: boolean): Promise<void> {
  await world.s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: output(world.outputs, "ManifestBucketName"),
      NotificationConfiguration: isOn ? { EventBridgeConfiguration: {} } : {},
    }),
  );
}

/** Waits for a run that settles a version quietly, which no message tells. */
async function reported({ key, version }: PutObject, outcome: RunOutcome): Promise<void> {
  const [, owner] = key.split("/");
  await until(`a report in which ${version} is ${outcome}`, SCHEDULE_TIMEOUT_MS, async () => {
    const latest = JSON.parse(await readObject(world, `runs/${owner}/latest.json`)) as RunReport;
    const found = latest.manifests.find(({ version_id }) => version_id === version);
    return found?.outcome === outcome ? true : undefined;
  });
}
