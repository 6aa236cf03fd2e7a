import { expect, test } from "@jest/globals";
import { aManifest, aSecret, everyGrant, messagesIn } from "../../support/builders.ts";
import { MANIFEST_KEY, POLICY_KEY, syncRuns } from "../../support/sync-setup.ts";

const DEFAULT = "manifests/default/gateway.yaml";
const OTHER = "manifests/other/gateway.yaml";
/** What an owner declares whose values come from a secret of its own. */
function manifestOf(owner: string) {
  return aManifest({ secrets: [aSecret({ value_from: { secrets_manager: `${owner}/openai` } })] });
}
const ALL = { version: 2, owners: { "*": everyGrant() } };

async function closures({ ledger }: Pick<ReturnType<typeof syncRuns>, "ledger">) {
  const messages = await messagesIn(ledger);
  return messages.filter(({ severity }) => severity === "critical");
}

test("one owner has the folder default, and files elsewhere are rejected with what to do", async () => {
  const { gateway, source, putAndSync } = syncRuns({ tenancy: "single" });
  source.put("default/openai", "value-one", { owner: "default" });

  const own = await putAndSync(manifestOf("default"), { owner: "default" }, DEFAULT);
  const before = gateway.writes();
  const other = await putAndSync(aManifest());
  const broken = await putAndSync("nonsense");

  expect(own).toMatchObject({ outcome: "applied" });
  for (const report of [other, broken]) {
    expect(report?.manifests).toMatchObject([
      {
        outcome: "rejected",
        issues: [
          {
            rule: "owner",
            message: expect.stringMatching(/manifests\/default\/.*tenancy=policy .*"search"$/),
          },
        ],
      },
    ]);
  }
  expect(gateway.writes()).toEqual(before);
});

test("files of several owners go on when the stack is deployed with another tenancy", async () => {
  const { bucket, ledger, gateway, dependencies, ...runs } = syncRuns({ tenancy: "single" });
  await runs.putAndSync(aManifest());
  const { syncOwner } = await import("#sync/sync.ts");
  const opened = { ...dependencies("run-9"), tenancy: "open" as const };

  const report = await syncOwner(opened, "search", { trigger: { kind: "schedule" }, isLast: true });

  expect(report).toMatchObject({ outcome: "applied" });
});

test("under a policy nothing is applied without one, and that is told once for everybody", async () => {
  const runs = syncRuns({ tenancy: "policy" });
  const { bucket, gateway, putAndSync, lookAgain, sync, record, told } = runs;
  bucket.put(OTHER, { version: 1, budgets: [] });

  const reports = [
    await putAndSync(aManifest()),
    await sync({ owner: "other" }),
    await lookAgain(),
    await runs.drift(),
  ];

  expect(reports).toEqual([undefined, undefined, undefined, undefined]);
  expect(gateway.requests).toEqual([]);
  expect(await record()).toBeUndefined();
  expect(await told()).toEqual(["Nothing is applied for anybody (no-policy)"]);
  const [message] = await closures(runs);
  expect(message?.text).toContain("there is no manifests/policy.yaml. Put one there");
});

test("what waited for a policy goes on when it is there", async () => {
  const { bucket, putAndSync, lookAgain, record } = syncRuns({ tenancy: "policy" });
  await putAndSync(aManifest());
  bucket.put(POLICY_KEY, ALL);

  expect(await lookAgain()).toMatchObject({ outcome: "applied" });
  expect(await record()).toMatchObject({ policy_version: "policy@object-version-2" });
});

test("a policy that is deleted closes again: nothing is written, and it is told again", async () => {
  const runs = syncRuns({ tenancy: "policy" });
  const { bucket, gateway, clock, putAndSync, lookAgain, told } = runs;
  await putAndSync(aManifest());
  bucket.put(POLICY_KEY, ALL);
  await lookAgain();
  bucket.delete(POLICY_KEY);
  clock.advance(1000);
  const before = gateway.writes();

  expect(await putAndSync(aManifest({ budgets: [] }))).toBeUndefined();
  expect(await lookAgain()).toBeUndefined();

  expect(gateway.writes()).toEqual(before);
  expect(await told()).toEqual([
    "Nothing is applied for anybody (no-policy)",
    `${MANIFEST_KEY}: applied`,
    "Nothing is applied for anybody (no-policy)",
  ]);
});

test.each(["single", "policy", "open"] as const)(
  "an invalid policy stops everybody under the tenancy %s, and is told once with all that is wrong",
  async (tenancy) => {
    const runs = syncRuns({ tenancy });
    const { bucket, gateway, putAndSync, sync } = runs;
    bucket.put(POLICY_KEY, "version: 1\nowner: {}\n");
    bucket.put(OTHER, { version: 1, budgets: [] });

    await putAndSync(aManifest());
    await putAndSync(aManifest(), { owner: "default" }, DEFAULT);
    await sync({ owner: "other" });

    expect(gateway.requests).toEqual([]);
    const told = await closures(runs);
    expect(told.map(({ subject }) => subject)).toEqual([
      "Nothing is applied for anybody (invalid-policy)",
    ]);
    expect(told[0]?.text).toMatch(/policy\.yaml:1:1 version .*\n.*policy\.yaml:2:1 owner /s);
  },
);

test("another mistake in the policy is told again", async () => {
  const runs = syncRuns({ tenancy: "policy" });
  const { bucket, clock, sync } = runs;
  for (const text of ["nonsense", "version: 2\n"]) {
    bucket.put(POLICY_KEY, text);
    clock.advance(1000);
    await sync();
    await sync();
  }

  expect(await closures(runs)).toHaveLength(2);
});

test.each([
  "manifests/policy.yml",
  "manifests/Policy.yaml",
  "manifests/POLICY.YAML",
  "manifests/policy.json",
  "manifests/policies.yaml",
  "manifests/policy",
])("%s is no policy: it is told as one under a wrong name, and nothing is open", async (key) => {
  const runs = syncRuns({ tenancy: "policy" });
  const { bucket, gateway, putAndSync } = runs;
  bucket.put(key, ALL);

  expect(await putAndSync(aManifest())).toBeUndefined();

  expect(gateway.requests).toEqual([]);
  const [message] = await closures(runs);
  expect(message?.text).toContain(`${key} is not read: the name is wrong`);
});

const CONTENT = JSON.stringify(ALL);

test.each(
  (["single", "open"] as const).flatMap((tenancy) =>
    [
      ["manifests/policy.yml", CONTENT],
      ["manifests/Policy.yaml", CONTENT],
      ["manifests/policies.yaml", "nonsense: ["],
      ["manifests/policy.yaml.bak", CONTENT],
      ["manifests/default/policy.yaml", CONTENT],
      ["manifests/search/team/Policy.YML", "version: 2\nowners: {}\n"],
      ["manifests/access.yaml", "version: 2\nowners: { '*': {} }\n"],
    ].map(([key = "", text = ""]) => [tenancy, key, text] as const),
  ),
)(
  "under the tenancy %s a policy named %s closes everything, and is told once",
  async (tenancy, key, text) => {
    const runs = syncRuns({ tenancy });
    const { bucket, gateway, source, putAndSync, sync, drift } = runs;
    source.put("default/openai", "value-one", { owner: "default" });
    bucket.put(key, text);

    const reports = [
      await putAndSync(manifestOf("default"), { owner: "default" }, DEFAULT),
      await putAndSync(aManifest()),
      await sync({ owner: "" }),
      await drift(),
    ];

    expect(reports).toEqual([undefined, undefined, undefined, undefined]);
    expect(gateway.requests).toEqual([]);
    const told = await closures(runs);
    expect(told.map(({ subject }) => subject)).toEqual([
      "Nothing is applied for anybody (misnamed-policy)",
    ]);
    expect(told[0]?.text).toContain(`${key} looks like a policy under a wrong name`);

    bucket.delete(key);
    expect(await sync({ owner: "default" })).toMatchObject({ outcome: "applied" });
  },
);

test.each([
  ["manifests/default/policy.yaml", { version: 1, budgets: [] }],
  ["manifests/default/policies.yaml", { version: 1, secrets: [], model_definitions: [] }],
  ["manifests/default/access.yaml", ALL],
])("%s in a folder of an owner closes nothing for others", async (key, content) => {
  const { bucket, source, putAndSync } = syncRuns({ tenancy: "single" });
  source.put("default/openai", "value-one", { owner: "default" });
  bucket.put(key, content);

  const report = await putAndSync(
    { ...manifestOf("default"), budgets: undefined },
    { owner: "default" },
    DEFAULT,
  );

  expect(report?.manifests.find((one) => one.key === DEFAULT)).toMatchObject({
    outcome: "applied",
  });
});

test("beside a valid policy one under a wrong name is only told", async () => {
  const { bucket, putAndSync } = syncRuns({ tenancy: "policy" });
  bucket.put(POLICY_KEY, ALL);

  const misnamed = await putAndSync(ALL, { owner: "" }, "manifests/policy.yml");
  const own = await putAndSync(ALL, {}, "manifests/search/policy.yaml");
  const report = await putAndSync(aManifest());

  expect(misnamed?.manifests[0]?.issues).toMatchObject([
    { rule: "owner", message: expect.stringMatching(/^looks like a policy under a wrong name/) },
  ]);
  expect(own?.manifests[0]?.issues).toMatchObject([
    { rule: "schema", message: expect.stringMatching(/^looks like a policy, and not like a/) },
  ]);
  expect(report?.manifests.find(({ key }) => key === MANIFEST_KEY)).toMatchObject({
    outcome: "applied",
  });
});

test("a policy that is there holds under every tenancy", async () => {
  const { bucket, source, putAndSync } = syncRuns({ tenancy: "single" });
  source.put("default/openai", "value-one", { owner: "default" });
  bucket.put(POLICY_KEY, { version: 2, owners: { default: everyGrant({ names: ["team-*"] }) } });

  const report = await putAndSync(manifestOf("default"), { owner: "default" }, DEFAULT);

  expect(report?.manifests[0]?.issues?.every(({ rule }) => rule === "policy")).toBe(true);
});

test("an open stack grants an owner everything but what belongs to another one", async () => {
  const { source, putAndSync } = syncRuns({ tenancy: "open" });
  await putAndSync(aManifest());
  source.put("other/openai", "value-one", { owner: "other" });

  const report = await putAndSync(manifestOf("other"), { owner: "other" }, OTHER);

  expect(report?.manifests[0]?.issues?.map(({ rule }) => rule)).toContain("ownership");
});
