import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { evaluate, type MonitorState, THRESHOLDS_DEFAULT } from "#budgets/evaluate.ts";
import { pollBudgets } from "#budgets/monitor.ts";
import { currentSpend } from "#budgets/window.ts";
import type { CreateBudget } from "#gateway/requests.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import type { Message } from "#runtime/message.ts";
import { aPolicy, aWindow, ExpectedError } from "../support/builders.ts";
import { FakeGateway } from "../support/fake-gateway.ts";
import { MemoryLedger } from "../support/memory-ledger.ts";

/** Hundreds of runs, on a machine that may be busy with others. */
jest.setTimeout(60_000);

const NOW_MS = Date.parse("2026-11-23T12:00:00Z");
const AMOUNT = 100;

const DAILY: CreateBudget = {
  budget_unit: "USD",
  budget_amount: AMOUNT,
  duration: { unit: "DAYS", value: 1 },
  target_scope: "GLOBAL",
  budget_action: "ALERT",
};

/** What one poll sees of each policy; undefined is a window that is not shown. */
const spends = fc.array(fc.option(fc.integer({ min: 0, max: 150 }), { nil: undefined }), {
  minLength: 3,
  maxLength: 3,
});
const polls = fc.array(
  fc.record({
    spends,
    /** What goes wrong: the gateway cannot be read, or another poll is faster. */
    trouble: fc.constantFrom("none", "none", "none", "gateway", "ledger"),
  }),
  { maxLength: 12 },
);

type Poll = typeof polls extends fc.Arbitrary<(infer P)[]> ? P : never;

interface Told {
  readonly id: string;
  readonly policyId: unknown;
  readonly threshold: unknown;
}

/** What people were told, and the highest spend of each policy that a poll could decide on. */
async function pollAll(sequence: readonly Poll[]) {
  const gateway = new FakeGateway();
  const ledger = new MemoryLedger();
  const ids: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    ids.push((await gateway.budgets.create(DAILY)).budget_policy_id);
  }
  const told: Told[] = [];
  const most = new Map<string, number>();
  for (const [index, { spends, trouble }] of sequence.entries()) {
    gateway.windows = windowsOf(ids, spends);
    if (trouble === "gateway") gateway.failOn("listBudgets", 1, new ExpectedError("retry"));
    ledger.refuseNext(trouble === "ledger" ? 1 : 0);
    const nowMs = NOW_MS + index * 60_000;
    const result = await pollBudgets({ ledger, gateway }, nowMs).catch(expected);
    if (!result) continue;
    told.push(...result.messages.filter(({ topic }) => topic === "alerts").map(toTold));
    for (const { budget_policy_id: id, current_spend } of gateway.windows) {
      most.set(id, Math.max(most.get(id) ?? 0, current_spend));
    }
  }
  return { ids, told, most };
}

function expected(error: unknown): undefined {
  if (!(error instanceof GatewayOpsError)) throw error;
}

function windowsOf(ids: readonly string[], spends: readonly (number | undefined)[]) {
  return ids.flatMap((budget_policy_id, index) => {
    const current_spend = spends[index];
    return current_spend === undefined ? [] : [aWindow({ budget_policy_id, current_spend })];
  });
}

function toTold({ id, data }: Message): Told {
  return { id, policyId: data.budget_policy_id, threshold: data.threshold };
}

test("over any polls of one window each alert is told once, and never a lower one after a higher", async () => {
  await fc.assert(
    fc.asyncProperty(polls, async (sequence) => {
      const { ids, told } = await pollAll(sequence);

      expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
      for (const id of ids) {
        const thresholds = told.filter(({ policyId }) => policyId === id).map((t) => t.threshold);
        expect(thresholds).toEqual([...new Set(thresholds)].sort((a, b) => Number(a) - Number(b)));
      }
    }),
    { numRuns: 300 },
  );
});

test("over any polls of one window the highest threshold that was seen crossed is told", async () => {
  await fc.assert(
    fc.asyncProperty(polls, async (sequence) => {
      const { ids, told, most } = await pollAll(sequence);

      for (const id of ids) {
        const crossed = THRESHOLDS_DEFAULT.filter((share) => (most.get(id) ?? 0) / AMOUNT >= share);
        const [last] = told.filter(({ policyId }) => policyId === id).slice(-1);
        expect(last?.threshold).toBe(crossed.at(-1));
      }
    }),
    { numRuns: 300 },
  );
});

test("a second evaluation of the same readings finds nothing, whatever was before", () => {
  const policies = fc.array(
    fc.record({
      spend: fc.double({ min: 0, max: 200, noNaN: true }),
      budget_amount: fc.double({ min: 0.01, max: 200, noNaN: true }),
      budget_action: fc.constantFrom("ALERT" as const, "REJECT" as const),
      before: fc.option(fc.double({ min: 0, max: 200, noNaN: true })),
    }),
    { maxLength: 5 },
  );
  const thresholds = fc.array(fc.double({ min: 0.01, max: 2, noNaN: true }), { maxLength: 4 });
  fc.assert(
    fc.property(policies, thresholds, (given, shares) => {
      const full = given.map(({ budget_amount, budget_action }, index) =>
        aPolicy({ budget_policy_id: `bp-${index}`, budget_amount, budget_action }),
      );
      const readings = (spendOf: (index: number) => number) =>
        currentSpend(
          full,
          full.map(({ budget_policy_id }, index) =>
            aWindow({ budget_policy_id, current_spend: spendOf(index) }),
          ),
          NOW_MS,
        );
      const evaluateAll = (spendOf: (index: number) => number, state: MonitorState) =>
        evaluate(readings(spendOf), () => shares, state, 20);

      const before = evaluateAll((index) => given[index]?.before ?? 0, {});
      const first = evaluateAll((index) => given[index]?.spend ?? 0, before.state);
      const second = evaluateAll((index) => given[index]?.spend ?? 0, first.state);

      expect(second.alerts).toEqual([]);
      expect(second.state).toEqual(first.state);
    }),
    { numRuns: 500 },
  );
});
