import { expect, test } from "@jest/globals";
import type { CreateBudget } from "#gateway/requests.ts";
import { aBudgetEntity, failureOf, scriptedGateway } from "../scripted-gateway.ts";

const BUDGET: CreateBudget = {
  budget_unit: "USD",
  budget_amount: 10,
  duration: { unit: "DAYS", value: 1 },
  target_scope: "GLOBAL",
  budget_action: "ALERT",
};

test("budgets are listed over all pages", async () => {
  const { client, requests } = scriptedGateway([
    { json: { budget_policies: [aBudgetEntity()], next_page_token: "next" } },
    { json: { budget_policies: [aBudgetEntity({ budget_policy_id: "bp-2" })] } },
  ]);

  const budgets = await client.budgets.list();

  expect(budgets.map(({ budget_policy_id: id }) => id)).toEqual(["bp-1", "bp-2"]);
  expect(requests.map(({ url }) => url.split("list")[1])).toEqual([
    "?max_results=1000",
    "?max_results=1000&page_token=next",
  ]);
});

test.each([
  ["says the same page again and again", () => "again", 2],
  ["always has one more page", (page: number) => `page-${page}`, 10_000],
])("a server that %s is left", async (_, token, requestsWanted) => {
  const page = (_: unknown, index: number) => ({ json: { next_page_token: token(index) } });
  const { client, requests } = scriptedGateway(Array.from({ length: 10_001 }, page));

  await expect(client.budgets.list()).rejects.toThrow(
    "listBudgets is answered with pages that do not end",
  );
  expect(requests).toHaveLength(requestsWanted);
});

test("budgets come page by page, of the size asked for, until the caller has enough", async () => {
  const { client, requests } = scriptedGateway([
    { json: { budget_policies: [aBudgetEntity(), aBudgetEntity()], next_page_token: "next" } },
  ]);

  for await (const page of client.budgets.pages({ max_results: 2 })) {
    expect(page).toEqual([aBudgetEntity(), aBudgetEntity()]);
    break;
  }

  expect(requests.map(({ url }) => url.split("list")[1])).toEqual(["?max_results=2"]);
  await expect(client.budgets.pages({ max_results: 50_001 }).next()).rejects.toThrow(
    "listBudgets: max_results must be an integer from 1 to 50000, got 50001",
  );
});

test("a budget is read and deleted by its id, which a DELETE has in its body", async () => {
  const { client, requests } = scriptedGateway([
    { json: { budget_policy: aBudgetEntity() } },
    { json: {} },
  ]);
  const id = { budget_policy_id: "bp-1" };

  await expect(client.budgets.get(id)).resolves.toEqual(aBudgetEntity());
  await expect(client.budgets.delete(id)).resolves.toBeUndefined();

  expect(requests).toMatchObject([
    { method: "GET", url: expect.stringMatching(/budgets\/get\?budget_policy_id=bp-1$/) },
    { method: "DELETE", url: expect.stringMatching(/budgets\/delete$/), body: id },
  ]);
});

test.each([
  [{ budget_amount: 0 }, "budget_amount must be a finite number above 0, got 0"],
  [{ budget_amount: Number.POSITIVE_INFINITY }, "budget_amount must be a finite number above 0"],
  [{ budget_amount: "10" }, 'budget_amount must be a finite number above 0, got "10"'],
  [{ budget_unit: "EUR" }, 'budget_unit must be USD, got "EUR"'],
  [{ budget_action: "BLOCK" }, 'budget_action must be one of ALERT, REJECT, got "BLOCK"'],
  [
    { duration: { unit: "MONTHS", value: 1201 } },
    "duration.value must be an integer from 1 to 1200, got 1201",
  ],
  [{ duration: { unit: "DAYS", value: 1.5 } }, "duration.value must be an integer from 1 to"],
  [{ duration: { unit: "YEARS", value: 1 } }, "duration.unit must be one of MINUTES, HOURS"],
  [{ duration: { unit: "DAYS" } }, "duration.value must be given, got nothing"],
  [
    { target_scope: "ENDPOINT" },
    "target_value must be given with the scope ENDPOINT (an endpoint's id), got nothing",
  ],
  [{ target_value: "e-1" }, 'target_value must be left out with the scope GLOBAL, got "e-1"'],
])("a budget with %j is refused", async (wrong, message) => {
  const { client, requests } = scriptedGateway([]);

  const error = await failureOf(
    client.budgets.create({ ...BUDGET, ...wrong } as unknown as CreateBudget),
  );

  expect(error.message).toContain(`createBudget: ${message}`);
  expect(requests).toEqual([]);
});

test("an enum that the server ignored on update is an error", async () => {
  const { client } = scriptedGateway([{ json: { budget_policy: aBudgetEntity() } }]);

  const update = client.budgets.update({ budget_policy_id: "bp-1", budget_action: "REJECT" });

  await expect(update).rejects.toThrow("did not store budget_action as it was sent");
});

test("a budget comes back as it was stored", async () => {
  const { client, requests } = scriptedGateway([
    { json: { budget_policy: aBudgetEntity({ created_by: "gwops:search/chat" }) } },
  ]);

  const budget = await client.budgets.create({ ...BUDGET, created_by: "gwops:search/chat" });

  expect(budget).toEqual(aBudgetEntity({ created_by: "gwops:search/chat" }));
  expect(requests[0]?.body).toEqual({ ...BUDGET, created_by: "gwops:search/chat" });
});

test("a window without its spend is not taken for one without spend", async () => {
  const window = { budget_policy_id: "bp-1", window_start_ms: 1, window_end_ms: 2 };
  const { client } = scriptedGateway([
    { json: { windows: [{ ...window, current_spend: 0 }] } },
    { json: { windows: [window] } },
  ]);

  await expect(client.budgets.listWindows()).resolves.toEqual([{ ...window, current_spend: 0 }]);
  await expect(client.budgets.listWindows()).rejects.toThrow(
    "was answered with something unknown: windows[0].current_spend is not a number",
  );
});
