import { expect, test } from "@jest/globals";
import type { Manifest } from "#manifest/types.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  ExpectedError,
} from "../../../support/builders.ts";
import { syncRuns } from "../../../support/sync-setup.ts";

const LOCKED = { protected: "changes" } as const;

/** Everything is protected from changes but for what the test changes about it. */
function locked(changes: Partial<Manifest> = {}): Manifest {
  return aManifest({
    secrets: [aSecret(LOCKED)],
    model_definitions: [aModelDefinition(LOCKED)],
    endpoints: [anEndpoint(LOCKED)],
    budgets: [aBudget(LOCKED)],
    ...changes,
  });
}

function setup() {
  const runs = syncRuns({ prune: true });
  const everything = () => JSON.stringify(runs.gateway.visible());
  return { ...runs, everything };
}

async function applied(first = locked()) {
  const runs = setup();
  expect((await runs.putAndSync(first))?.outcome).toBe("applied");
  return runs;
}

test.each<[what: string, next: Partial<Manifest>, message: string]>([
  [
    "a budget's amount",
    { budgets: [aBudget({ ...LOCKED, budget_amount: 7 })] },
    "budget/chat-monthly is protected from changes, and would change in budget_amount",
  ],
  [
    "thresholds and labels, which no server keeps",
    { budgets: [aBudget({ ...LOCKED, alerts: { thresholds: [0.5] }, labels: { team: "a" } })] },
    "budget/chat-monthly is protected from changes, and would change in ",
  ],
  [
    "a tag of an endpoint",
    { endpoints: [anEndpoint({ ...LOCKED, tags: { team: "ads" } })] },
    "endpoint/chat is protected from changes, and would change in tags",
  ],
  [
    "the name of an endpoint",
    {
      endpoints: [anEndpoint({ ...LOCKED, name: "talk", previous_name: "chat" })],
      budgets: undefined,
    },
    "endpoint/talk is protected from changes, and would change in name",
  ],
  [
    "a model",
    { model_definitions: [aModelDefinition({ ...LOCKED, model_name: "gpt-5" })] },
    "model_definition/gpt-4o is protected from changes, and would change in model_name",
  ],
  [
    "a setting of a secret",
    { secrets: [aSecret({ ...LOCKED, auth_config: { auth_mode: "api_key" } })] },
    "secret/openai-prod is protected from changes, and would change in auth_config",
  ],
  [
    "the source of a secret",
    { secrets: [aSecret({ ...LOCKED, value_from: { secrets_manager: "prod/other" } })] },
    "secret/openai-prod is protected from changes, and would change in value_from",
  ],
])("%s waits for a word for exactly that plan, and changes with it", async (_, next, message) => {
  const { source, putAndSync, approve, everything } = await applied();
  source.put("prod/other", "value-two");
  const before = everything();

  const refused = await putAndSync(locked(next));
  const during = everything();
  const approved = await approve(refused?.workspaces[0]?.checksum);

  expect(refused?.outcome).toBe("refused");
  expect(refused?.workspaces[0]?.refusals).toEqual([
    {
      guard: "protected-changes",
      is_approvable: true,
      message: expect.stringContaining(message),
    },
  ]);
  expect(during).toBe(before);
  expect(approved?.outcome).toBe("applied");
});

test.each<[what: string, level: true | false | undefined]>([
  ["no protection", false],
  ["protection from deletes alone", true],
  ["nothing", undefined],
])("the end of it waits for a word too, also where nothing else changes: %s", async (_, level) => {
  const { putAndSync, approve, sync } = await applied();
  const open = locked({ budgets: [aBudget({ protected: level })] });
  const next = locked({ budgets: [aBudget({ protected: level, budget_amount: 9 })] });

  const refused = await putAndSync(open);
  const still = await putAndSync(next);
  await putAndSync(open);
  const approved = await approve(refused?.workspaces[0]?.checksum);
  const after = await putAndSync(next);
  // The word was for once.
  await putAndSync(locked({ budgets: [aBudget({ ...LOCKED, budget_amount: 9 })] }));
  const again = await putAndSync(next);

  expect([refused, still, approved, after, again].map((report) => report?.outcome)).toEqual([
    "refused",
    "refused",
    "unchanged",
    "applied",
    "refused",
  ]);
  expect(refused?.workspaces[0]?.refusals[0]?.message).toContain(
    "budget/chat-monthly would no longer be protected from changes",
  );
  expect(await sync()).toBeUndefined();
});

test("the word for the end of one protection is no word for that of another", async () => {
  const { putAndSync, approve } = await applied();
  const one = await putAndSync(locked({ budgets: [aBudget()] }));

  await putAndSync(locked({ endpoints: [anEndpoint()] }));
  const report = await approve(one?.workspaces[0]?.checksum);

  expect(report?.outcome).toBe("refused");
  expect(report?.workspaces[0]?.checksum).not.toBe(one?.workspaces[0]?.checksum);
});

test("a new version of a secret is pushed without a word: it must be able to rotate", async () => {
  const { source, putAndSync, gateway } = await applied();
  const versionId = source.put("prod/openai", "value-two");

  const report = await putAndSync(locked());

  expect(report?.outcome).toBe("applied");
  expect(report?.workspaces[0]?.changes).toMatchObject([
    { key: "secret/openai-prod", changed_fields: [{ path: "source_version", after: versionId }] },
  ]);
  expect(gateway.requests).toContain("updateSecret");
});

test("what is made, taken over or marked anew is not changed", async () => {
  const { gateway, bucket, putAndSync } = await applied();
  bucket.loseSnapshots();

  const again = await putAndSync(locked());

  expect(again?.outcome).toBe("unchanged");
  expect(gateway.visible().budgets).toHaveLength(1);
});

test("what somebody made by hand is taken over as it is, and else waits for a word", async () => {
  const { gateway, putAndSync } = setup();
  await putAndSync(aManifest({ budgets: [] }));
  const [{ endpoint_id = "" } = {}] = gateway.visible().endpoints;
  const { budget_policy_id } = await gateway.budgets.create({
    ...{ budget_unit: "USD", budget_amount: 77, duration: { unit: "MONTHS", value: 1 } },
    ...{ target_scope: "ENDPOINT", target_value: endpoint_id, budget_action: "ALERT" },
  });
  const adopting = { ...LOCKED, adopt: budget_policy_id };

  const other = await putAndSync(
    aManifest({ budgets: [aBudget({ ...adopting, budget_amount: 1 })] }),
  );
  const same = await putAndSync(
    aManifest({ budgets: [aBudget({ ...adopting, budget_amount: 77 })] }),
  );

  expect([other?.outcome, same?.outcome]).toEqual(["refused", "applied"]);
  expect(gateway.visible().budgets).toMatchObject([{ budget_amount: 77 }]);
});

test("what a hand changed is not changed back without a word, be it by drift that heals", async () => {
  const tags = { team: "search" };
  const { bucket, gateway, drift } = await applied(
    locked({ endpoints: [anEndpoint({ ...LOCKED, tags })] }),
  );
  const [{ endpoint_id = "" } = {}] = gateway.visible().endpoints;
  await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "by hand" });
  const tagsNow = () => JSON.stringify(gateway.visible().endpoints[0]?.tags);

  const found = await drift({ heal: true });
  const during = tagsNow();
  bucket.approve(found?.report?.workspaces[0]?.checksum ?? "", "Ada");
  await drift({ heal: true });

  expect(tagsNow()).not.toContain("by hand");
  expect(found?.report?.outcome).toBe("refused");
  expect(during).toContain("by hand");
});

test("it is protected from deletes as well, and no approval lifts that", async () => {
  const { putAndSync, gateway } = await applied();

  const report = await putAndSync(locked({ budgets: [] }));

  expect(report?.workspaces[0]?.refusals).toMatchObject([
    { guard: "protected", is_approvable: false },
  ]);
  expect(gateway.visible().budgets).toHaveLength(1);
});

test("it stays while a file says nothing of it", async () => {
  const { putAndSync } = await applied();
  await putAndSync(locked({ budgets: undefined }));

  const report = await putAndSync(locked({ budgets: [aBudget({ budget_amount: 3 })] }));

  expect(report?.outcome).toBe("refused");
});

test("that nobody can be asked for an approval now ends no protection", async () => {
  const { bucket, putAndSync } = await applied();
  const approver = bucket.approver.bind(bucket);
  bucket.approver = () => Promise.reject(new ExpectedError("retry", "S3 is down"));
  const open = locked({ budgets: [aBudget()] });
  await putAndSync(open, { isLast: true });
  bucket.approver = approver;

  const report = await putAndSync(locked({ budgets: [aBudget({ budget_amount: 3 })] }));

  expect(report?.outcome).toBe("refused");
});

test("what is not protected from changes is changed as ever beside it", async () => {
  const { putAndSync } = await applied(locked({ budgets: [aBudget({ protected: true })] }));

  const report = await putAndSync(
    locked({ budgets: [aBudget({ protected: true, budget_amount: 7 })] }),
  );

  expect(report?.outcome).toBe("applied");
});
