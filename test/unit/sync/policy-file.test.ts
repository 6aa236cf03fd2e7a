import { expect, test } from "@jest/globals";
import { readPolicyFile } from "#sync/policy-file.ts";
import { aBudget, aManifest, anEndpoint, aSecret, everyGrant } from "../../support/builders.ts";
import { FakeBucket } from "../../support/fake-bucket.ts";
import { POLICY_KEY, syncRuns } from "../../support/sync-setup.ts";

const OTHER = "manifests/other/gateway.yaml";
const ALL = { version: 2, owners: { "*": everyGrant() } };

/** A policy that grants "search" all but what is said. */
function policyOf(changes: Parameters<typeof everyGrant>[0]) {
  return { version: 2, owners: { search: everyGrant(changes) } };
}

/** The owner "other", who refers to an endpoint of "search". */
const REFERRING = {
  version: 1,
  endpoints: [{ name: "chat", external: true }],
  budgets: [
    {
      name: "others-chat",
      budget_amount: 5,
      duration: { unit: "DAYS", value: 1 },
      target_scope: "ENDPOINT",
      target_value: "chat",
      budget_action: "ALERT",
    },
  ],
};

test("without a policy file there is no policy", async () => {
  expect(await readPolicyFile(new FakeBucket())).toEqual({ is: "missing" });
});

test("a policy is read with the version that it has", async () => {
  const bucket = new FakeBucket();
  bucket.put(POLICY_KEY, "version: 2\nowners:\n  search: { kinds: [endpoint] }\n");

  expect(await readPolicyFile(bucket)).toEqual({
    is: "valid",
    version_id: "object-version-1",
    policy: { version: 2, owners: { search: { kinds: ["endpoint"] } } },
  });
});

test("of an invalid policy all that is wrong is known, with its place", async () => {
  const bucket = new FakeBucket();
  bucket.put(POLICY_KEY, "version: 1\nowner: {}\n");

  expect(await readPolicyFile(bucket)).toEqual({
    is: "invalid",
    version_id: "object-version-1",
    issues: [
      expect.stringMatching(/^manifests\/policy\.yaml:1:1 version must be 2/),
      expect.stringMatching(/^manifests\/policy\.yaml:1:1 owners is required/),
      expect.stringMatching(/^manifests\/policy\.yaml:2:1 owner is not a known key/),
    ],
  });
});

test("what is beyond an owner's grants is rejected in the file, and nothing is written", async () => {
  const { gateway, bucket, putAndSync } = syncRuns();
  bucket.put(
    POLICY_KEY,
    policyOf({
      names: ["search-*"],
      budgets: { scopes: ["ENDPOINT"], amount_max: 100, endpoints: ["chat"] },
    }),
  );

  const report = await putAndSync(aManifest({ secrets: [aSecret({ name: "search-key" })] }));

  const issues = report?.manifests[0]?.issues?.filter(({ rule }) => rule === "policy");
  expect(issues?.map(({ path }) => path.join("."))).toEqual([
    "model_definitions.0.name",
    "endpoints.0.name",
    "budgets.0.name",
    "budgets.0.budget_amount",
  ]);
  expect(report?.outcome).toBe("rejected");
  expect(gateway.writes()).toEqual([]);
});

test("an owner whom the policy does not know may do nothing", async () => {
  const { bucket, putAndSync } = syncRuns();
  bucket.put(POLICY_KEY, { version: 2, owners: { other: everyGrant() } });

  const report = await putAndSync(aManifest());

  expect(report?.manifests[0]?.issues).toMatchObject([
    { rule: "policy", message: expect.stringContaining('grants nothing to the owner "search"') },
  ]);
});

test("when the policy is corrected everything is tried again, also by the schedule alone", async () => {
  const { bucket, putAndSync, lookAgain, record } = syncRuns();
  bucket.put(POLICY_KEY, "nonsense");
  await putAndSync(aManifest());
  bucket.put(POLICY_KEY, ALL);

  const report = await lookAgain();

  expect(report).toMatchObject({ outcome: "applied" });
  expect(await record()).toMatchObject({
    status: "applied",
    policy_version: "open@object-version-3",
  });
  expect(await lookAgain()).toBeUndefined();
});

test("a policy that grants less rejects what was applied, and changes nothing on the gateway", async () => {
  const { gateway, bucket, putAndSync, sync } = syncRuns();
  await putAndSync(aManifest());
  const before = gateway.writes();
  bucket.put(POLICY_KEY, policyOf({ kinds: ["secret"] }));

  const report = await sync({ trigger: { kind: "policy", key: POLICY_KEY } });

  expect(report).toMatchObject({ outcome: "rejected", trigger: { kind: "policy" } });
  expect(gateway.writes()).toEqual(before);
});

test("what is no longer granted is not pruned either", async () => {
  const { gateway, bucket, putAndSync } = syncRuns({ prune: true });
  await putAndSync(aManifest());
  bucket.put(POLICY_KEY, policyOf({ names: ["gpt-4o", "openai-prod"] }));

  const report = await putAndSync(aManifest({ endpoints: [], budgets: [] }));

  expect(report?.workspaces[0]?.changes).toEqual([]);
  expect(report?.workspaces[0]?.notices).toContainEqual({
    code: "not-pruned",
    key: "endpoint/chat",
    message: "is no longer declared, but no longer granted to its owner: it stays",
  });
  expect(gateway.visible().endpoints).toHaveLength(1);
});

test.each([
  ["without a policy", undefined],
  ["by a policy that does not grant it", ALL],
])("a resource of another owner may not be referred to, %s", async (_, policy) => {
  const { gateway, bucket, putAndSync } = syncRuns();
  if (policy) bucket.put(POLICY_KEY, policy);
  await putAndSync(aManifest());
  const before = gateway.writes();

  const report = await putAndSync(REFERRING, { owner: "other" }, OTHER);

  expect(report?.manifests[0]).toMatchObject({
    outcome: "rejected",
    issues: [
      {
        rule: "ownership",
        message: expect.stringContaining('"search", to whose resources "other" may not refer'),
      },
    ],
  });
  expect(gateway.writes()).toEqual(before);
});

test("a resource of another owner may be referred to when the policy grants it", async () => {
  const { bucket, putAndSync, gateway } = syncRuns();
  bucket.put(POLICY_KEY, {
    version: 2,
    owners: { search: everyGrant(), other: everyGrant({ externals: ["ch*"] }) },
  });
  await putAndSync(aManifest());

  const report = await putAndSync(REFERRING, { owner: "other" }, OTHER);

  expect(report).toMatchObject({ outcome: "applied" });
  expect(gateway.visible().budgets).toHaveLength(2);
});

/** A secret that somebody made by hand, and a manifest that refers to it. */
async function byHand() {
  const runs = syncRuns();
  const { secret_id } = await runs.gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: "a-value-by-hand" },
    provider: "openai",
  });
  const manifest = {
    version: 1,
    secrets: [{ name: "by-hand", external: true }],
    model_definitions: [
      { name: "gpt-4o", secret: "by-hand", provider: "openai", model_name: "gpt-4o" },
    ],
    endpoints: [anEndpoint()],
  };
  return { ...runs, secret_id, manifest };
}

test("what nobody has marked may be referred to without a policy, or where it grants that", async () => {
  const { gateway, bucket, putAndSync, secret_id, manifest } = await byHand();

  const report = await putAndSync(manifest);
  bucket.put(POLICY_KEY, policyOf({ externals: ["by-*"] }));
  const again = await putAndSync({ ...manifest, budgets: [] });

  expect([report?.outcome, again?.outcome]).toEqual(["applied", "unchanged"]);
  expect(gateway.visible().definitions).toMatchObject([{ secret_id }]);
});

test("what nobody has marked belongs to the platform under a policy", async () => {
  const { gateway, bucket, putAndSync, manifest } = await byHand();
  bucket.put(POLICY_KEY, policyOf({ names: ["gpt-*", "chat"], externals: ["shared-*"] }));
  const before = gateway.writes();

  const report = await putAndSync(manifest);

  expect(report?.manifests[0]?.issues).toMatchObject([
    { rule: "policy", path: ["secrets", 0, "name"] },
  ]);
  expect(gateway.writes()).toEqual(before);
});

const GLOBAL_POLICY = {
  budget_unit: "USD",
  budget_amount: 77,
  duration: { unit: "MONTHS", value: 1 },
  target_scope: "GLOBAL",
  budget_action: "ALERT",
} as const;

test.each([
  ["its scope", { scopes: ["ENDPOINT"], amount_max: 100 }, "target_scope", '"GLOBAL"'],
  ["its amount", { scopes: ["ENDPOINT", "GLOBAL"], amount_max: 5 }, "budget_amount", "77"],
] as const)(
  "a policy made by hand is taken over only where %s is granted as it is",
  async (_, { scopes, amount_max }, field, value) => {
    const { gateway, bucket, putAndSync } = syncRuns();
    const { budget_policy_id } = await gateway.budgets.create(GLOBAL_POLICY);
    bucket.put(POLICY_KEY, policyOf({ budgets: { scopes: [...scopes], amount_max } }));
    const before = gateway.writes();

    const report = await putAndSync(
      aManifest({ budgets: [aBudget({ adopt: budget_policy_id, budget_amount: 1 })] }),
    );

    expect(report?.manifests[0]?.issues).toMatchObject([
      {
        rule: "not-granted",
        path: ["budgets", 0, field],
        message: expect.stringContaining(`is ${value} on the gateway, which is not granted`),
      },
    ]);
    expect(gateway.writes()).toEqual(before);
  },
);

test("what is owned is changed only where it is granted as it is, and not only as it shall be", async () => {
  const { gateway, bucket, putAndSync } = syncRuns();
  await putAndSync(aManifest({ budgets: [aBudget({ budget_amount: 80 })] }));
  bucket.put(POLICY_KEY, policyOf({ budgets: { scopes: ["ENDPOINT"], amount_max: 50 } }));
  const before = gateway.writes();

  const report = await putAndSync(aManifest({ budgets: [aBudget({ budget_amount: 40 })] }));

  expect(report?.manifests[0]?.issues).toMatchObject([
    { rule: "not-granted", path: ["budgets", 0, "budget_amount"] },
  ]);
  expect(gateway.writes()).toEqual(before);
});

test("the key is not sent to a host that the owner did not state and was not granted", async () => {
  const { gateway, bucket, putAndSync } = syncRuns();
  await gateway.secrets.create({
    secret_name: "openai-prod",
    secret_value: { api_key: "a-value-by-hand" },
    provider: "openai",
    auth_config: { auth_mode: "api_key", api_base: "https://evil.example.com" },
  });
  bucket.put(POLICY_KEY, policyOf({ hosts: ["api.openai.com"] }));
  const before = gateway.writes();

  const report = await putAndSync(aManifest());

  expect(report?.manifests[0]?.issues).toMatchObject([
    { rule: "not-granted", path: ["secrets", 0, "auth_config", "api_base"] },
  ]);
  expect(gateway.writes()).toEqual(before);
});

test("an experiment that is given by its id counts by its name", async () => {
  const { gateway, bucket, putAndSync } = syncRuns();
  const own = await gateway.tracking.experiments.create({ name: "search/traces" });
  const others = await gateway.tracking.experiments.create({ name: "team-b/private" });
  bucket.put(POLICY_KEY, policyOf({ experiments: ["search/*"] }));
  const tracedBy = (experiment_id: string) =>
    aManifest({ endpoints: [anEndpoint({ experiment_id })] });
  const before = gateway.writes();

  const denied = [
    [others.experiment_id, "not-granted"],
    ["999", "experiment-missing"],
  ] as const;
  for (const [id, rule] of denied) {
    const report = await putAndSync(tracedBy(id));

    expect(report?.manifests[0]?.issues).toMatchObject([
      { rule, path: ["endpoints", 0, "experiment_id"] },
    ]);
  }
  expect(gateway.writes()).toEqual(before);
  expect(await putAndSync(tracedBy(own.experiment_id))).toMatchObject({ outcome: "applied" });
});

test.each([
  ["of others", "team-b/private", "rejected"],
  ["that was granted", "search/judges", "applied"],
])("a guardrail that exists has a scorer of an experiment %s", async (_, experiment, outcome) => {
  const { gateway, bucket, putAndSync } = syncRuns();
  const { experiment_id } = await gateway.tracking.experiments.create({ name: experiment });
  const scorer_id = gateway.tracking.registerScorer(experiment_id, "judge");
  await gateway.guardrails.create({
    name: "pii",
    scorer_id,
    scorer_version: 1,
    stage: "BEFORE",
    action: "VALIDATION",
  });
  bucket.put(POLICY_KEY, policyOf({ experiments: ["search/*"] }));

  const report = await putAndSync(
    aManifest({ endpoints: [anEndpoint({ guardrails: [{ name: "pii" }] })] }),
  );

  expect(report).toMatchObject({ outcome });
  const issues = report?.manifests[0]?.issues?.map(({ path }) => path.join("."));
  expect(issues).toEqual(outcome === "rejected" ? ["endpoints.0.guardrails.0.name"] : undefined);
});
