import { expect, test } from "@jest/globals";
import { readPolicy } from "#sync/policy-file.ts";
import { aManifest, anEndpoint, aSecret, messagesIn } from "../../support/builders.ts";
import { FakeBucket } from "../../support/fake-bucket.ts";
import { MANIFEST_KEY, POLICY_KEY, syncRuns } from "../../support/sync-setup.ts";

const OTHER = "manifests/other/gateway.yaml";
const ALL = { version: 1, owners: { "*": {} } };

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

test("without a policy file there is no policy, and no version of one", async () => {
  const policy = await readPolicy(new FakeBucket());

  expect(policy.version_id).toBeUndefined();
  expect(policy.read()).toBeUndefined();
});

test("a policy is read with the version that it has", async () => {
  const bucket = new FakeBucket();
  bucket.put(POLICY_KEY, "version: 1\nowners:\n  search: { kinds: [endpoint] }\n");

  const policy = await readPolicy(bucket);

  expect(policy.version_id).toBe("object-version-1");
  expect(policy.read()).toEqual({ version: 1, owners: { search: { kinds: ["endpoint"] } } });
});

test("an invalid policy grants nothing, and says everything that is wrong with it", async () => {
  const bucket = new FakeBucket();
  bucket.put(POLICY_KEY, "version: 2\nowner: {}\n");

  const policy = await readPolicy(bucket);

  expect(policy.version_id).toBe("object-version-1");
  expect(() => policy.read()).toThrow(
    expect.objectContaining({
      code: "invalid-policy",
      disposition: "reject",
      message: expect.stringMatching(
        /^manifests\/policy\.yaml:1:1 version .*\n.*manifests\/policy\.yaml:2:1 owner /s,
      ),
    }),
  );
});

test("what is beyond an owner's grants is rejected in the file, and nothing is written", async () => {
  const { gateway, bucket, putAndSync } = syncRuns();
  bucket.put(POLICY_KEY, {
    version: 1,
    owners: { search: { names: ["search-*"], budgets: { amount_max: 100 } } },
  });

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
  bucket.put(POLICY_KEY, { version: 1, owners: { other: {} } });

  const report = await putAndSync(aManifest());

  expect(report?.manifests[0]?.issues).toMatchObject([
    { rule: "policy", message: expect.stringContaining('grants nothing to the owner "search"') },
  ]);
});

test("an invalid policy stops everybody, and every owner is told once", async () => {
  const { gateway, bucket, ledger, putAndSync, sync } = syncRuns();
  await putAndSync(aManifest());
  bucket.put(POLICY_KEY, "nonsense");
  bucket.put(OTHER, { version: 1, budgets: [] });
  const before = [...gateway.requests];

  const reports = [await sync(), await sync(), await sync({ owner: "other" })];

  expect(reports).toMatchObject([
    { outcome: "failed", error: { code: "invalid-policy" }, manifests: [{ outcome: "failed" }] },
    undefined,
    { outcome: "failed", error: { code: "invalid-policy" } },
  ]);
  expect(gateway.requests).toEqual(before);
  const failed = (await messagesIn(ledger)).filter(({ severity }) => severity === "critical");
  expect(failed.map(({ subject }) => subject).sort()).toEqual([
    `${OTHER}: failed (invalid-policy)`,
    `${MANIFEST_KEY}: failed (invalid-policy)`,
  ]);
});

test("when the policy is corrected everything is tried again, also by the schedule alone", async () => {
  const { bucket, putAndSync, lookAgain, record } = syncRuns();
  bucket.put(POLICY_KEY, "nonsense");
  await putAndSync(aManifest());
  bucket.put(POLICY_KEY, ALL);

  const report = await lookAgain();

  expect(report).toMatchObject({ outcome: "applied" });
  expect(await record()).toMatchObject({ status: "applied", policy_version: "object-version-3" });
  expect(await lookAgain()).toBeUndefined();
});

test("a policy that grants less rejects what was applied, and changes nothing on the gateway", async () => {
  const { gateway, bucket, putAndSync, sync } = syncRuns();
  await putAndSync(aManifest());
  const before = gateway.writes();
  bucket.put(POLICY_KEY, { version: 1, owners: { search: { kinds: ["secret"] } } });

  const report = await sync({ trigger: { kind: "policy", key: POLICY_KEY } });

  expect(report).toMatchObject({ outcome: "rejected", trigger: { kind: "policy" } });
  expect(gateway.writes()).toEqual(before);
});

test("a policy that is deleted restricts nobody any more", async () => {
  const { bucket, putAndSync, lookAgain } = syncRuns();
  bucket.put(POLICY_KEY, { version: 1, owners: {} });
  await putAndSync(aManifest());
  bucket.delete(POLICY_KEY);

  expect(await lookAgain()).toMatchObject({ outcome: "applied" });
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
    version: 1,
    owners: { search: {}, other: { externals: ["ch*"] } },
  });
  await putAndSync(aManifest());

  const report = await putAndSync(REFERRING, { owner: "other" }, OTHER);

  expect(report).toMatchObject({ outcome: "applied" });
  expect(gateway.visible().budgets).toHaveLength(2);
});

test("what nobody has marked may be referred to without a policy", async () => {
  const { gateway, putAndSync } = syncRuns();
  const { secret_id } = await gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: "value-by-hand" },
    provider: "openai",
  });

  const report = await putAndSync({
    version: 1,
    secrets: [{ name: "by-hand", external: true }],
    model_definitions: [
      { name: "gpt-4o", secret: "by-hand", provider: "openai", model_name: "gpt-4o" },
    ],
    endpoints: [anEndpoint()],
  });

  expect(report).toMatchObject({ outcome: "applied" });
  expect(gateway.visible().definitions).toMatchObject([{ secret_id }]);
});
