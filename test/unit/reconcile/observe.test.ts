import { expect, test } from "@jest/globals";
import { observe } from "#reconcile/observe.ts";
import { syncManifest } from "#reconcile/sync.ts";
import { aBudget, aManifest, anEndpoint, aSecret, desiredOf } from "../../support/builders.ts";
import { MANIFEST_KEY, syncSetup } from "../../support/sync-setup.ts";

/** A gateway as a sync of the manifest leaves it. */
async function setup(manifest = aManifest()) {
  const parts = syncSetup();
  const versionId = parts.source.put("prod/openai", "value-one");
  parts.bucket.put(MANIFEST_KEY, manifest);
  await syncManifest(parts.dependencies(), MANIFEST_KEY, { isLast: false });
  const desired = desiredOf(manifest, versionId);
  const look = async () => (await observe(parts.gateway, parts.ledger, desired)).resources;
  const find = async (key: string) =>
    (await look()).find(({ kind, name }) => `${kind}/${name}` === key);
  return { ...parts, versionId, desired, look, find };
}

test("everything is seen with references by name, ids and owner", async () => {
  const { look, versionId } = await setup(
    aManifest({ budgets: [aBudget({ alerts: { thresholds: [0.5] }, labels: { team: "a" } })] }),
  );

  const resources = await look();

  expect(resources.map(({ kind, name, owner }) => `${owner} ${kind}/${name}`)).toEqual([
    "search secret/openai-prod",
    "search model_definition/gpt-4o",
    "search endpoint/chat",
    "search budget/chat-monthly",
  ]);
  expect(resources.map(({ id }) => id.split("-")[0])).toEqual(["s", "d", "e", "bp"]);
  expect(resources.map(({ fields }) => fields)).toMatchObject([
    { provider: "openai", source_version: versionId },
    { secret: "openai-prod", provider: "openai", model_name: "gpt-4o" },
    {
      models: [{ model_definition: "gpt-4o", linkage_type: "PRIMARY", weight: 1 }],
      usage_tracking: true,
      tags: { "gwops/owner": "search" },
    },
    { target_value: "chat", budget_amount: 500, thresholds: [0.5], labels: { team: "a" } },
  ]);
});

test("a login that is no admin is refused before anything is listed", async () => {
  const { gateway, look } = await setup();
  gateway.user = { username: "plain", is_admin: false };
  const before = gateway.requests.length;

  await expect(look()).rejects.toMatchObject({
    code: "gateway-login-not-admin",
    disposition: "retry",
    message: expect.stringContaining('the gateway login "plain" is not an admin'),
  });

  expect(gateway.requests.slice(before)).toEqual(["getCurrentUser"]);
});

test("on a server without users everything is seen", async () => {
  const { gateway, look } = await setup();
  gateway.user = undefined;

  expect(await look()).toHaveLength(4);
});

test("looking takes five requests when nothing is missing", async () => {
  const { gateway, look } = await setup();
  const before = gateway.requests.length;

  await look();

  expect(gateway.requests.slice(before).sort()).toEqual([
    "getCurrentUser",
    "listBudgets",
    "listEndpoints",
    "listModelDefinitions",
    "listSecrets",
  ]);
});

test("an endpoint that lost its models is found by its name", async () => {
  const { gateway, find } = await setup();
  gateway.detachModels("chat");

  expect(await find("endpoint/chat")).toMatchObject({ owner: "search", fields: { models: [] } });
});

test("endpoints that are missing are looked up four at a time", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `endpoint-${index}`);
  const { gateway, ledger } = await setup();
  const { resources, owner } = desiredOf(
    aManifest({ endpoints: names.map((name) => anEndpoint({ name })) }),
  );
  gateway.inFlightMax = 0;
  const before = gateway.count("getEndpoint");

  await observe(gateway, ledger, { owner, resources });

  expect(gateway.count("getEndpoint") - before).toBe(12);
  expect(gateway.inFlightMax).toBe(4);
});

test("a budget that does not carry our mark is nobody's and not seen", async () => {
  const { gateway, look } = await setup();
  for (const created_by of [undefined, "somebody", "gwops:search", "gwops:/nameless"]) {
    await gateway.budgets.create({
      budget_unit: "USD",
      budget_amount: 1,
      duration: { unit: "DAYS", value: 1 },
      target_scope: "GLOBAL",
      budget_action: "ALERT",
      ...(created_by === undefined ? {} : { created_by }),
    });
  }

  const budgets = (await look()).filter(({ kind }) => kind === "budget");

  expect(budgets.map(({ name }) => name)).toEqual(["chat-monthly"]);
});

test("a budget of an endpoint that lost its models still names it", async () => {
  const { gateway, find } = await setup();
  gateway.detachModels("chat");

  expect((await find("budget/chat-monthly"))?.fields).toMatchObject({ target_value: "chat" });
});

test("a budget of an endpoint that is not there shows the id that is left", async () => {
  const { gateway, ledger, desired } = await setup();
  const [budget] = gateway.visible().budgets;
  gateway.detachModels("chat");

  const { resources } = await observe(gateway, ledger, { ...desired, resources: [] });

  expect(resources.find(({ kind }) => kind === "budget")?.fields).toMatchObject({
    target_value: budget?.target_value,
  });
});

test("a model definition whose secret was deleted refers to none", async () => {
  const { gateway, find } = await setup();
  gateway.deleteSecret("openai-prod");

  expect((await find("model_definition/gpt-4o"))?.fields).toMatchObject({ secret: undefined });
});

test("the version of a secret is unknown once somebody else wrote it", async () => {
  const { gateway, find } = await setup();
  const [secret] = gateway.visible().secrets;
  await gateway.secrets.update({ secret_id: secret?.secret_id ?? "", updated_by: "somebody" });

  expect((await find("secret/openai-prod"))?.fields).toMatchObject({ source_version: undefined });
});

test.each<[string, string | undefined, string | undefined, string | undefined]>([
  ["its creator's", "gwops:search", "somebody", "search"],
  ["the one of its adoption", "somebody", "gwops:search", "search"],
  ["its creator's, not a later one's", "gwops:search", "gwops:other", "search"],
  ["nobody's", "somebody", undefined, undefined],
  ["nobody's either", undefined, undefined, undefined],
])("the owner of a secret is %s", async (_, created_by, updated_by, owner) => {
  const { gateway, ledger, desired } = await setup(aManifest({ secrets: [aSecret()] }));
  const { secret_id } = await gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: "value-by-hand" },
    ...(created_by === undefined ? {} : { created_by }),
  });
  await gateway.secrets.update({
    secret_id,
    ...(updated_by === undefined ? {} : { updated_by }),
  });

  const { resources } = await observe(gateway, ledger, desired);

  expect(resources.find(({ name }) => name === "by-hand")?.owner).toBe(owner);
});
