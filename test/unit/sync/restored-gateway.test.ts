import { expect, test } from "@jest/globals";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { detectDrift } from "#sync/drift.ts";
import { aManifest, anEndpoint, aSecret, messagesIn } from "../../support/builders.ts";
import { syncRuns } from "../../support/sync-setup.ts";

const HOUR_MS = 3_600_000;
const OTHER_KEY = "manifests/billing/gateway.yaml";

/** Two owners whose gateway was backed up before a key was changed and an endpoint was made. */
async function setup() {
  const runs = syncRuns();
  const { gateway, source, clock, ledger, putAndSync, nextRun } = runs;
  // The gateway's clock goes with ours, as stamps are compared with the time of a look.
  source.put("prod/billing", "value-billing", { owner: "billing" });
  await putAndSync(aManifest());
  await putAndSync(
    {
      version: 1,
      secrets: [aSecret({ name: "billing", value_from: { secrets_manager: "prod/billing" } })],
    },
    { owner: "billing" },
    OTHER_KEY,
  );
  clock.advance(Date.parse("2027-01-01") - clock.nowMs());
  const look = async (heal = false) => {
    clock.advance(HOUR_MS);
    return detectDrift(nextRun(), { heal, isLast: false });
  };
  await look();
  const putBack = gateway.backUp();
  source.put("prod/openai", "value-two");
  source.put("prod/billing", "value-billing-two", { owner: "billing" });
  await putAndSync(aManifest({ endpoints: [anEndpoint(), anEndpoint({ name: "later" })] }));
  await putAndSync(
    {
      version: 1,
      secrets: [aSecret({ name: "billing", value_from: { secrets_manager: "prod/billing" } })],
      lint: { disable: [] },
    },
    { owner: "billing" },
    OTHER_KEY,
  );
  clock.advance(HOUR_MS);
  const news = async () => {
    const messages = await messagesIn(ledger);
    return messages.filter(({ type }) => /\.(gateway|drift)\./.test(type));
  };
  const push = () => pushChanged({ ...nextRun() }, { look: "pending" }, { isLast: true });
  return { ...runs, look, putBack, news, push };
}

test("a restored gateway is one critical message, whatever it concerns, and no drift", async () => {
  const { look, putBack, news, gateway } = await setup();
  putBack();
  const before = gateway.writes();

  await look(true);
  await look(true);

  expect(gateway.writes()).toEqual(before);
  expect(await news()).toMatchObject([
    {
      type: "mlflow-gateway-ops.gateway.restored",
      severity: "critical",
      subject: "The gateway's database seems to be an older one",
      text: expect.stringContaining("secret/openai-prod is an older one\n"),
      attributes: { outcome: "restored", older: 2, gone: 1 },
    },
  ]);
  const [{ text = "" } = {}] = await news();
  expect(text).toContain("endpoint/later is gone");
  expect(text).toContain("The values of 2 secrets are pushed again by themselves.");
});

test("the newest values are pushed again unasked, and nothing else is written", async () => {
  const { look, putBack, push, gateway } = await setup();
  putBack();
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
  const before = gateway.writes().length;

  await look();
  await push();

  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
  expect(gateway.storedValue("billing")).toEqual({ api_key: "value-billing-two" });
  expect(gateway.writes().slice(before)).toEqual(["updateSecret", "updateSecret"]);
});

test("once all is as it was applied that is told, and drift is told again", async () => {
  const { look, putBack, push, news, putAndSync, gateway, ledger } = await setup();
  putBack();
  await look();
  await push();
  await look();
  await putAndSync(
    aManifest({ endpoints: [anEndpoint(), anEndpoint({ name: "later" })], budgets: undefined }),
  );
  await look();

  const types = async () =>
    (await news()).map(({ type }) => type.replace("mlflow-gateway-ops.", ""));
  expect((await types()).sort()).toEqual(["gateway.reapplied", "gateway.restored"]);
  expect(await ledger.read(MANAGED_SECRETS, "default/billing")).toMatchObject({
    value: { pushed: { secret_id: expect.any(String) } },
  });

  const [endpoint] = gateway.visible().endpoints;
  await gateway.endpoints.setTag({
    endpoint_id: endpoint?.endpoint_id ?? "",
    key: "team",
    value: "a hand",
  });
  await putAndSync(
    aManifest({
      endpoints: [anEndpoint({ tags: { team: "search" } }), anEndpoint({ name: "later" })],
    }),
  );
  await gateway.endpoints.setTag({
    endpoint_id: endpoint?.endpoint_id ?? "",
    key: "team",
    value: "another hand",
  });
  await look();
  expect(await types()).toContain("drift.drifted");
});

test("what one hand changes stays ordinary drift", async () => {
  const { look, news, gateway } = await setup();
  await look();
  const [secret] = gateway.visible().secrets;
  await gateway.secrets.update({ secret_id: secret?.secret_id ?? "", auth_config: { a: "b" } });

  await look();

  expect((await news()).map(({ type }) => type)).toEqual(["mlflow-gateway-ops.drift.drifted"]);
});
