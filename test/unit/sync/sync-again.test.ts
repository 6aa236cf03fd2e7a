import { expect, test } from "@jest/globals";
import { heldLeases } from "#runtime/lease.ts";
import { aManifest, anEndpoint, ExpectedError, messagesIn } from "../../support/builders.ts";
import { deadlineAfter } from "../../support/deadlines.ts";
import { LAST, MANIFEST_KEY, syncRuns } from "../../support/sync-setup.ts";

const MINUTE_MS = 60_000;

test("while the gateway is down the event is delivered again, and nobody is told", async () => {
  const { gateway, bucket, putAndSync, sync, record, told } = syncRuns();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry", "the gateway is down"));

  await expect(putAndSync(aManifest())).rejects.toThrow("the gateway is down");

  expect(bucket.reports).toMatchObject([
    { outcome: "retrying", error: { code: "expected", message: "the gateway is down" } },
  ]);
  expect(await record()).toMatchObject({ status: "retrying" });
  expect(await told()).toEqual([]);

  expect(await sync()).toMatchObject({ outcome: "applied" });
});

test("at the last delivery a manifest stays pending, and that is told once", async () => {
  const { bucket, clock, gateway, putAndSync, lookAgain, record, ledger } = syncRuns();
  for (const call of [1, 2]) {
    gateway.failOn("getCurrentUser", call, new ExpectedError("retry", "the gateway is down"));
  }

  const report = await putAndSync(aManifest(), LAST);
  clock.advance(MINUTE_MS);
  const again = await lookAgain();

  expect(report).toMatchObject({ outcome: "pending" });
  expect(again).toMatchObject({ outcome: "pending" });
  expect(await record()).toMatchObject({ status: "pending", attempts: 2 });
  expect((await record())?.applied_version).toBeUndefined();
  // Trying again for the same reason adds no report.
  expect(bucket.reports).toHaveLength(1);
  expect(await messagesIn(ledger)).toMatchObject([
    {
      severity: "warning",
      subject: `${MANIFEST_KEY}: pending (expected)`,
      text: expect.stringMatching(/the gateway is down\n.*\nIt stays pending and is tried again/),
    },
  ]);
});

test("a pending manifest that fails for another reason is told again", async () => {
  const { clock, gateway, putAndSync, lookAgain, told } = syncRuns();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry", "the gateway is down"));
  await putAndSync(aManifest(), LAST);
  clock.advance(MINUTE_MS);
  gateway.user = { username: "operator", is_admin: false };

  await lookAgain();

  expect(await told()).toEqual([
    `${MANIFEST_KEY}: pending (expected)`,
    `${MANIFEST_KEY}: pending (gateway-login-not-admin)`,
  ]);
});

test("an event of something else does not make a pending manifest news again", async () => {
  const { gateway, putAndSync, sync, record, told } = syncRuns();
  for (const call of [1, 2, 3]) {
    gateway.failOn("getCurrentUser", call, new ExpectedError("retry", "the gateway is down"));
  }
  await putAndSync(aManifest(), LAST);

  await expect(sync()).rejects.toThrow("the gateway is down");
  expect(await record()).toMatchObject({ status: "pending", attempts: 1 });
  await sync(LAST);

  expect(await told()).toEqual([`${MANIFEST_KEY}: pending (expected)`]);
});

test("what is pending is applied later, and that is told", async () => {
  const { clock, gateway, putAndSync, lookAgain, record, told } = syncRuns();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry"));
  await putAndSync(aManifest(), LAST);

  const report = await lookAgain();

  expect(report).toMatchObject({ outcome: "applied" });
  expect(await record()).toMatchObject({
    status: "applied",
    applied_version: "object-version-1",
  });
  expect(await told()).toEqual([`${MANIFEST_KEY}: pending (expected)`, `${MANIFEST_KEY}: applied`]);
  clock.advance(MINUTE_MS);
  expect(await lookAgain()).toBeUndefined();
});

test("the schedule tries a pending manifest ever more rarely, but at least every half hour", async () => {
  const { clock, gateway, putAndSync, lookAgain, record } = syncRuns();
  gateway.user = { username: "operator", is_admin: false };
  await putAndSync(aManifest(), LAST);

  const triedAfter: number[] = [];
  for (let minute = 1; minute <= 120; minute += 1) {
    clock.advance(MINUTE_MS);
    if (await lookAgain()) triedAfter.push(minute);
  }

  expect(triedAfter).toEqual([1, 2, 5, 12, 27, 57, 87, 117]);
  expect(await record()).toMatchObject({ status: "pending", attempts: 9 });
});

test("a new version of a pending manifest is tried at once", async () => {
  const { gateway, bucket, putAndSync, lookAgain } = syncRuns();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry"));
  await putAndSync(aManifest(), LAST);
  bucket.put(MANIFEST_KEY, aManifest({ budgets: [] }));

  expect(await lookAgain()).toMatchObject({ outcome: "applied" });
});

test("going on with what is pending touches no manifest that is settled", async () => {
  const { gateway, putAndSync, lookAgain } = syncRuns();
  await putAndSync(aManifest());
  await putAndSync("nonsense", {}, "manifests/search/other.yaml");
  const before = [...gateway.requests];

  expect(await lookAgain()).toBeUndefined();

  expect(gateway.requests).toEqual(before);
});

test("a manifest whose redeliveries were all lost is gone on with by the schedule", async () => {
  const { gateway, putAndSync, lookAgain } = syncRuns();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry"));
  await expect(putAndSync(aManifest())).rejects.toThrow();

  expect(await lookAgain()).toMatchObject({ outcome: "applied" });
});

test("a manifest whose event never arrived is found by the schedule", async () => {
  const { bucket, lookAgain } = syncRuns();
  bucket.put(MANIFEST_KEY, aManifest());

  expect(await lookAgain()).toMatchObject({ outcome: "applied" });
});

test("a change that failed is made good by the next delivery", async () => {
  const { gateway, bucket, putAndSync, sync, told } = syncRuns();
  gateway.failOn("createEndpoint", 1, new ExpectedError("retry", "the gateway is down"));

  await expect(putAndSync(aManifest())).rejects.toMatchObject({ code: "apply-failed" });
  const report = await sync();

  expect(bucket.reports[0]).toMatchObject({
    outcome: "retrying",
    workspaces: [
      {
        outcomes: [
          { outcome: "applied", key: "secret/openai-prod" },
          { outcome: "applied", key: "model_definition/gpt-4o" },
          { outcome: "failed", key: "endpoint/chat" },
          { outcome: "skipped", key: "budget/chat-monthly", because: "endpoint/chat" },
        ],
      },
    ],
  });
  expect(report?.workspaces[0]?.changes.map(({ key }) => key)).toEqual([
    "endpoint/chat",
    "budget/chat-monthly",
  ]);
  expect(report).toMatchObject({ outcome: "applied" });
  expect(await told()).toEqual([`${MANIFEST_KEY}: applied`]);
});

test("what a version made that failed for now is told once a silent one follows the wrong one after it", async () => {
  const { gateway, putAndSync, record, told } = syncRuns();
  gateway.failOn("createEndpoint", 1, new ExpectedError("retry", "the gateway is down"));
  await expect(putAndSync(aManifest())).rejects.toMatchObject({ code: "apply-failed" });

  const wrong = await putAndSync({ version: 1, endpoints: 7 });
  expect([wrong?.outcome, (await record())?.has_untold]).toEqual(["rejected", true]);
  const silent = await putAndSync({ version: 1 });

  expect(silent).toMatchObject({ outcome: "applied", workspaces: [{ changes: [] }] });
  expect(await told()).toEqual([
    `${MANIFEST_KEY}: rejected (invalid-manifest)`,
    `${MANIFEST_KEY}: applied`,
  ]);
  expect((await record())?.has_untold).toBeUndefined();
});

test("a change that failed for good is told, with what became of the others", async () => {
  const { gateway, ledger, putAndSync, sync, record } = syncRuns();
  gateway.failOn("createEndpoint", 1, new ExpectedError("reject", "no such experiment"));

  const report = await putAndSync(aManifest());

  expect(report).toMatchObject({
    outcome: "failed",
    workspaces: [{ outcome: "failed", error: { code: "apply-failed" } }],
  });
  expect(await record()).toMatchObject({ status: "failed" });
  expect((await record())?.applied_version).toBeUndefined();
  const [message] = await messagesIn(ledger);
  expect(message).toMatchObject({ severity: "critical" });
  expect(message?.text.split("\n")).toEqual([
    "search: failed",
    "Report: runs/1.json",
    `${MANIFEST_KEY} (version object-version-1): failed`,
    "1 of 4 changes failed, 1 were skipped because of them",
    "endpoint/chat: no such experiment",
    "  applied       create secret/openai-prod, version version-1, effective by 2026-11-23T12:01:00.000Z",
    "  applied       create model_definition/gpt-4o",
    "  failed        create endpoint/chat: no such experiment",
    "  skipped       create budget/chat-monthly, because endpoint/chat was not applied",
    "Some changes were not made. Correct the cause and put the manifest again.",
  ]);
  expect(await sync()).toBeUndefined();
});

test("an earlier run whose last change got no answer is announced by the one that finds it made", async () => {
  const { gateway, putAndSync, sync, told } = syncRuns();
  gateway.loseAnswer("listBudgets", 2, new ExpectedError("retry", "the gateway is down"));

  await expect(putAndSync(aManifest())).rejects.toThrow("the gateway is down");
  const report = await sync();

  expect(report).toMatchObject({
    outcome: "applied",
    manifests: [{ outcome: "applied" }],
    workspaces: [{ outcome: "unchanged" }],
  });
  expect(await told()).toEqual([`${MANIFEST_KEY}: applied`]);
});

test("what was done of a file that failed for now and is gone since is told by the next run", async () => {
  const { bucket, gateway, putAndSync, lookAgain, told } = syncRuns();
  await putAndSync(aManifest());
  const before = (await told()).length;
  const other = "manifests/search/other.yaml";
  bucket.put(other, { version: 1, endpoints: [anEndpoint({ name: "summary" })] });
  gateway.failOn("setEndpointTag", 1, new ExpectedError("retry"));
  await lookAgain();
  bucket.delete(other);

  const report = await lookAgain();

  expect(report).toMatchObject({ outcome: "applied" });
  expect((await told()).slice(before)).toEqual([
    `${other}: pending (apply-failed)`,
    "Manifests of search: applied",
  ]);
});

test("what is read back and is not as declared is not called applied", async () => {
  const { gateway, bucket, ledger, putAndSync } = syncRuns();
  const update = gateway.endpoints.update;
  gateway.endpoints.update = async ({ usage_tracking: _, ...request }) => update(request);
  await putAndSync(aManifest());

  const report = await putAndSync(
    aManifest({ endpoints: [anEndpoint({ usage_tracking: false })] }),
    LAST,
  );

  expect(report).toMatchObject({
    outcome: "pending",
    workspaces: [
      {
        error: {
          code: "not-as-written",
          message: "read back after the apply, these are not as declared: endpoint/chat",
        },
      },
    ],
  });
  expect(bucket.reports[1]?.workspaces[0]?.outcomes).toMatchObject([{ outcome: "applied" }]);
  expect((await messagesIn(ledger)).map(({ severity }) => severity).sort()).toEqual([
    "info",
    "warning",
  ]);
});

test("what the time did not suffice for is not attempted, and done by the next delivery", async () => {
  const { gateway, bucket, putAndSync, sync, told } = syncRuns();

  await expect(putAndSync(aManifest(), { deadline: deadlineAfter(2) })).rejects.toMatchObject({
    code: "apply-failed",
    message: expect.stringContaining("2 were not attempted because the time was over"),
  });
  const made = gateway.writes();
  const report = await sync();

  expect(made).toEqual(["createSecret", "createModelDefinition"]);
  expect(bucket.reports[0]).toMatchObject({
    outcome: "retrying",
    workspaces: [
      {
        outcomes: [
          { outcome: "applied" },
          { outcome: "applied" },
          { outcome: "not-attempted", key: "endpoint/chat" },
          { outcome: "not-attempted", key: "budget/chat-monthly" },
        ],
      },
    ],
  });
  expect(report).toMatchObject({ outcome: "applied" });
  expect(await told()).toEqual([`${MANIFEST_KEY}: applied`]);
});

test("at the last delivery, what the time did not suffice for is left to the schedule", async () => {
  const { clock, putAndSync, lookAgain } = syncRuns();

  const report = await putAndSync(aManifest(), { ...LAST, deadline: deadlineAfter(0) });
  clock.advance(MINUTE_MS);

  expect(report).toMatchObject({ outcome: "pending", manifests: [{ outcome: "pending" }] });
  expect(await lookAgain()).toMatchObject({ outcome: "applied" });
});

test("of two runs at once only one works", async () => {
  const { putAndSync, sync } = syncRuns();

  const results = await Promise.allSettled([putAndSync(aManifest()), sync()]);

  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "lease-held", disposition: "retry" },
  });
});

test("a sync gives its leases back and leaves no note of a run, whatever became of it", async () => {
  const { gateway, ledger, clock, putAndSync } = syncRuns();
  gateway.failOn("createSecret", 1, new ExpectedError("retry"));
  await expect(putAndSync(aManifest())).rejects.toThrow();
  gateway.failOn("createSecret", 1, new ExpectedError("retry"));
  await putAndSync(aManifest(), LAST);
  await putAndSync("nonsense");
  await putAndSync(aManifest());

  expect(await heldLeases(ledger, clock.nowMs())).toEqual([]);
  expect(await ledger.list({ name: "run", version: 1 })).toEqual([]);
});
