import { expect, test } from "@jest/globals";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import {
  type HandleDependencies,
  handleTrigger,
} from "../../../functions/config-sync/handle-trigger.ts";
import { readTrigger } from "../../../functions/config-sync/trigger.ts";
import {
  aManifest,
  anEndpoint,
  aSecret,
  ExpectedError,
  everyGrant,
} from "../../support/builders.ts";
import { deadlineAfter } from "../../support/deadlines.ts";
import { MANIFEST_KEY, POLICY_KEY, syncRuns } from "../../support/sync-setup.ts";

const OTHER = "manifests/other/gateway.yaml";
const TEAM = "manifests/team/gateway.yaml";

const MINIMAL = (name: string) => ({
  version: 1,
  secrets: [aSecret({ name, value_from: { secrets_manager: `${name}/key` } })],
});

function setup(settings = {}, selfHeal = false) {
  const runs = syncRuns(settings);
  const { bucket, source, dependencies } = runs;
  for (const owner of ["other", "team"]) source.put(`${owner}/key`, "value-two", { owner });
  let requests = 0;
  /** What the worker does about the body of a message. */
  const receive = (body: object, { isLast = false, deadline = NO_DEADLINE } = {}) => {
    requests += 1;
    const all: HandleDependencies = {
      ...dependencies(`request-${requests}`),
      selfHeal,
      deadline,
    };
    return handleTrigger(all, readTrigger(JSON.stringify(body)), { isLast });
  };
  const put = (key: string, manifest: unknown, options = {}) => {
    bucket.put(key, manifest);
    return receive(created(key), options);
  };
  return { ...runs, receive, put };
}

/** The event of an object that was put, as far as the worker reads it. */
function created(key: string) {
  return { source: "aws.s3", detail: { object: { key }, requester: "111122223333" } };
}

function looking(look: "pending" | "drift") {
  return { look, at: "2026-11-23T12:00:00Z" };
}

test("a manifest that was put is applied, and the report says who put it", async () => {
  const { put } = setup();

  const { reports } = await put(MANIFEST_KEY, aManifest());

  expect(reports).toMatchObject([
    {
      outcome: "applied",
      run_id: "request-1-search",
      trigger: { kind: "manifest", key: MANIFEST_KEY, by: "111122223333" },
    },
  ]);
});

test("a manifest that was put is no business of other owners", async () => {
  const { bucket, put, gateway } = setup();
  bucket.put(OTHER, MINIMAL("other"));

  const { reports } = await put(MANIFEST_KEY, aManifest());

  expect(reports.map(({ owner }) => owner)).toEqual(["search"]);
  expect(gateway.visible().secrets).toHaveLength(1);
});

test("a policy that was put is applied to the manifests of every owner, each in a run of its own", async () => {
  const { bucket, put } = setup();
  bucket.put(OTHER, MINIMAL("other"));
  bucket.put(MANIFEST_KEY, aManifest());

  const { reports } = await put(POLICY_KEY, { version: 2, owners: { search: everyGrant() } });

  expect(reports).toMatchObject([
    { owner: "other", run_id: "request-1-other", outcome: "rejected", trigger: { kind: "policy" } },
    { owner: "search", run_id: "request-1-search", outcome: "applied" },
  ]);
});

test("the schedule goes on with every owner's manifests that are not applied yet", async () => {
  const { bucket, receive } = setup();
  bucket.put(OTHER, MINIMAL("other"));
  bucket.put(MANIFEST_KEY, aManifest());

  const first = await receive(looking("pending"));
  const second = await receive(looking("pending"));

  expect(first.reports).toMatchObject([
    { owner: "other", outcome: "applied", trigger: { kind: "schedule" } },
    { owner: "search", outcome: "applied" },
  ]);
  expect(second).toEqual({ reports: [], drifts: [] });
});

test("what fails for the schedule stays pending: it comes again by itself", async () => {
  const { bucket, gateway, receive, record } = setup();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry", "the gateway is down"));
  bucket.put(MANIFEST_KEY, aManifest());

  const { reports } = await receive(looking("pending"));

  expect(reports).toMatchObject([{ outcome: "pending" }]);
  expect(await record()).toMatchObject({ status: "pending" });
});

test("one owner's failure does not stop the others, and is delivered again", async () => {
  const { bucket, gateway, put, record } = setup();
  bucket.put(OTHER, MINIMAL("other"));
  bucket.put(TEAM, MINIMAL("team"));
  bucket.put(MANIFEST_KEY, aManifest());
  gateway.failOn("createSecret", 2, new ExpectedError("retry", "the gateway is down"));

  const policy = put(POLICY_KEY, { version: 2, owners: { "*": everyGrant() } });

  await expect(policy).rejects.toMatchObject({ code: "apply-failed", disposition: "retry" });
  const statuses = [await record(OTHER), await record(), await record(TEAM)].map(
    (known) => known?.status,
  );
  expect(statuses).toEqual(["applied", "retrying", "applied"]);
});

test("at the last delivery a failure that may pass is recorded, and not thrown", async () => {
  const { gateway, put } = setup();
  gateway.failOn("listSecrets", 1, new ExpectedError("retry", "the gateway is down"));

  const { reports } = await put(MANIFEST_KEY, aManifest(), { isLast: true });

  expect(reports).toMatchObject([{ owner: "search", outcome: "pending" }]);
});

test("what is our own mistake is not taken for an owner's failure", async () => {
  const { bucket, gateway, receive } = setup();
  bucket.put(MANIFEST_KEY, aManifest());
  gateway.failOn("getCurrentUser", 1, new TypeError("a defect"));

  await expect(receive(looking("pending"))).rejects.toThrow(TypeError);
});

test("when the time is over no further owner is begun with: the schedule goes on", async () => {
  const { bucket, receive, record } = setup();
  bucket.put(OTHER, MINIMAL("other"));
  bucket.put(MANIFEST_KEY, aManifest());

  // Asked before the owner's only change, and then before the next owner.
  const first = await receive(looking("pending"), { deadline: deadlineAfter(1) });
  const untouched = await record();
  const second = await receive(looking("pending"));

  expect(first.reports.map(({ owner, outcome }) => [owner, outcome])).toEqual([
    ["other", "applied"],
  ]);
  expect(untouched).toBeUndefined();
  expect(second.reports.map(({ owner, outcome }) => [owner, outcome])).toEqual([
    ["search", "applied"],
  ]);
});

test("an approval lets the plan that it names pass, with the word of AWS on who gave it", async () => {
  const { bucket, gateway, put, receive } = setup({ prune: true });
  await put(MANIFEST_KEY, aManifest());
  const refused = await put(MANIFEST_KEY, aManifest({ endpoints: [], budgets: [] }));
  const checksum = refused.reports[0]?.workspaces[0]?.checksum ?? "";
  bucket.approve(checksum, "Ada");

  const { reports, drifts } = await receive(created(`approvals/${checksum}`));

  expect(refused.reports[0]?.outcome).toBe("refused");
  expect(reports).toMatchObject([
    {
      outcome: "applied",
      trigger: { kind: "approval", key: `approvals/${checksum}`, by: "111122223333" },
      workspaces: [{ approval: { by: "Ada (AWS: 111122223333)" } }],
    },
  ]);
  expect(drifts).toEqual([]);
  expect(gateway.visible().endpoints).toEqual([]);
});

/** A manifest of which so much is gone that the guards want a word; whose word it is, is not put yet. */
async function refusedRun(settings = {}) {
  const runs = setup({ prune: true, ...settings });
  await runs.put(MANIFEST_KEY, aManifest());
  const { reports } = await runs.put(MANIFEST_KEY, aManifest({ endpoints: [], budgets: [] }));
  const checksum = reports[0]?.workspaces[0]?.checksum ?? "";
  return { ...runs, checksum };
}

test("an approval whose event was lost is found by the schedule", async () => {
  const { bucket, gateway, receive, checksum } = await refusedRun();
  const before = await receive(looking("pending"));
  bucket.approve(checksum, "Ada");

  const { reports } = await receive(looking("pending"));

  expect(before).toEqual({ reports: [], drifts: [] });
  expect(reports).toMatchObject([
    {
      outcome: "applied",
      trigger: { kind: "schedule" },
      workspaces: [{ approval: { by: "Ada" } }],
    },
  ]);
  expect(gateway.visible().endpoints).toEqual([]);
  expect(await receive(looking("pending"))).toEqual({ reports: [], drifts: [] });
});

test("an approval of a plan that is another one by now is looked at once, and the new plan told", async () => {
  const { bucket, gateway, receive, checksum, told } = await refusedRun();
  const [endpoint] = gateway.visible().endpoints;
  await gateway.endpoints.setTag({
    endpoint_id: endpoint?.endpoint_id ?? "",
    key: "team",
    value: "a hand",
  });
  bucket.approve(checksum, "Ada");

  const { reports } = await receive(looking("pending"));
  const toldOnce = await told();
  const again = await receive(looking("pending"));

  expect(reports).toMatchObject([{ outcome: "refused" }]);
  expect(reports[0]?.workspaces[0]?.checksum).not.toBe(checksum);
  expect(again).toEqual({ reports: [], drifts: [] });
  expect(await told()).toEqual(toldOnce);
  bucket.approve(reports[0]?.workspaces[0]?.checksum ?? "", "Ada");
  expect(await receive(looking("pending"))).toMatchObject({ reports: [{ outcome: "applied" }] });
});

test("an approval that was used up is not looked at again", async () => {
  const { bucket, put, receive, checksum } = await refusedRun();
  bucket.approve(checksum, "Ada");
  await receive(created(`approvals/${checksum}`));
  await put(MANIFEST_KEY, aManifest());
  const again = await put(MANIFEST_KEY, aManifest({ endpoints: [], budgets: [] }));

  const looked = await receive(looking("pending"));

  expect(again.reports[0]?.outcome).toBe("refused");
  expect(looked).toEqual({ reports: [], drifts: [] });
});

test("an approval that nobody waits for does nothing", async () => {
  const { bucket, gateway, put, receive } = setup();
  await put(MANIFEST_KEY, aManifest());
  const before = [...gateway.requests];
  const checksum = "0".repeat(64);
  bucket.approve(checksum, "Ada");

  expect(await receive(created(`approvals/${checksum}`))).toEqual({ reports: [], drifts: [] });

  expect(gateway.requests).toEqual(before);
});

test("an approval of healing that was refused heals", async () => {
  const { bucket, gateway, put, receive } = setup({}, true);
  const endpoints = Array.from({ length: 10 }, (_, index) =>
    anEndpoint({ name: `chat-${index}`, tags: { team: "search" } }),
  );
  await put(MANIFEST_KEY, aManifest({ endpoints, budgets: undefined }));
  for (const { endpoint_id } of gateway.visible().endpoints) {
    await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "a hand" });
  }
  const refused = await receive(looking("drift"));
  const checksum = refused.drifts[0]?.report?.workspaces[0]?.checksum ?? "";
  bucket.approve(checksum, "Ada");

  const { reports, drifts } = await receive(created(`approvals/${checksum}`));

  expect(refused.drifts).toMatchObject([{ resources: 10, report: { outcome: "refused" } }]);
  expect(reports).toEqual([]);
  expect(drifts).toMatchObject([
    {
      resources: 0,
      report: { outcome: "applied", workspaces: [{ approval: { by: "Ada (AWS: 111122223333)" } }] },
    },
  ]);
});

test.each([
  [false, "drifted"],
  [true, "applied"],
])(
  "the schedule of drift tells, and heals if the stack wants it: %s",
  async (selfHeal, outcome) => {
    const { gateway, put, receive } = setup({}, selfHeal);
    await put(MANIFEST_KEY, aManifest());
    const [budget] = gateway.visible().budgets;
    await gateway.budgets.delete({ budget_policy_id: budget?.budget_policy_id ?? "" });

    const { reports, drifts } = await receive(looking("drift"));

    expect(reports).toEqual([]);
    expect(drifts).toMatchObject([{ owner: "search", report: { outcome } }]);
    expect(gateway.visible().budgets).toHaveLength(selfHeal ? 1 : 0);
  },
);

test("two owners that drift at once have reports of their own", async () => {
  const { gateway, put, receive } = setup();
  await put(MANIFEST_KEY, aManifest());
  await put(OTHER, MINIMAL("other"));
  for (const { secret_id } of gateway.visible().secrets) {
    await gateway.secrets.update({ secret_id, secret_value: { api_key: "value-by-hand" } });
  }

  const { drifts } = await receive(looking("drift"));

  const ids = drifts.map(({ report }) => report?.run_id);
  expect(ids).toEqual(["request-3-drift-default-other", "request-3-drift-default-search"]);
});

test("a file under plans is planned and nothing else", async () => {
  const { gateway, put } = setup();

  const { reports, drifts, preview } = await put("plans/search/gateway.yaml", aManifest());

  expect([reports, drifts]).toEqual([[], []]);
  expect(preview).toMatchObject({ outcome: "planned", owner: "search" });
  expect(gateway.writes()).toEqual([]);
});

test.each(["approvals/not-a-checksum", "manifests/search/", "plans/", "runs/1.json"])(
  "an object that asks for nothing makes no handleTrigger: %s",
  async (key) => {
    const { gateway, receive } = setup();

    expect(await receive(created(key))).toEqual({ reports: [], drifts: [] });

    expect(gateway.requests).toEqual([]);
  },
);

test("while one run writes another is delivered again", async () => {
  const { put, receive } = setup();

  const results = await Promise.allSettled([
    put(MANIFEST_KEY, aManifest()),
    receive(looking("drift")),
  ]);

  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(results[1]).toMatchObject({ reason: { code: "lease-held", disposition: "retry" } });
});
