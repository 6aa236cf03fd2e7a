import type { Caller } from "./caller.ts";
import {
  type Check,
  checkRequest,
  fields,
  integer,
  oneOf,
  type Problem,
  positiveNumber,
  text,
} from "./checks.ts";
import { create } from "./creation.ts";
import { verifyEcho } from "./echo.ts";
import { collected, type PagedList, type PageOptions, pages } from "./pages.ts";
import { defined, isObject, type JsonObject, Reader } from "./read.ts";
import {
  BUDGET_ACTIONS,
  BUDGET_UNITS,
  type BudgetAction,
  type BudgetPolicy,
  type BudgetUnit,
  type BudgetWindow,
  type CreateBudget,
  DURATION_UNITS,
  type DurationUnit,
  TARGET_SCOPES,
  type TargetScope,
  type UpdateBudget,
} from "./types.ts";

/** Limits on spend. Budgets have no name, and nothing keeps two from being equal. */
export class BudgetOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * The time grows with the number of budgets: write them one after another. Give a `created_by`
   * that no other budget has: by it alone a budget is found again whose creation was not answered.
   */
  async create(request: CreateBudget): Promise<BudgetPolicy> {
    checkRequest("createBudget", request, CREATE_BUDGET);
    const { created_by } = request;
    const answer = await create(this.#caller, {
      operation: "createBudget",
      entity: "budget_policy",
      fields: request,
      isUnique: false,
      find:
        created_by === undefined
          ? undefined
          : async (options) => {
              const all = await collected(pages(this.#caller, BUDGETS, {}, options));
              return all
                .filter((budget) => budget.created_by === created_by)
                .map((found) => ({ ...found }));
            },
    });
    return readWritten("createBudget", request, answer);
  }

  /** Throws with `gateway-not-found` when there is no such budget. */
  async get(request: { readonly budget_policy_id: string }): Promise<BudgetPolicy> {
    checkRequest("getBudget", request, BUDGET_ID);
    const answer = await this.#caller.call("getBudget", request);
    return new Reader("getBudget", answer).object("budget_policy", readBudget);
  }

  /** Replaces the fields given; the others stay, `created_by` too. */
  async update(request: UpdateBudget): Promise<BudgetPolicy> {
    checkRequest("updateBudget", request, UPDATE_BUDGET);
    return readWritten("updateBudget", request, await this.#caller.call("updateBudget", request));
  }

  /** Throws with `gateway-not-found` when there is no such budget. */
  async delete(request: { readonly budget_policy_id: string }): Promise<void> {
    checkRequest("deleteBudget", request, BUDGET_ID);
    await this.#caller.call("deleteBudget", request);
  }

  /** All budgets of the workspace, over all pages. */
  async list(): Promise<BudgetPolicy[]> {
    return await collected(this.pages());
  }

  /** As {@link list}, page by page. */
  pages(options: PageOptions = {}): AsyncGenerator<BudgetPolicy[], void, undefined> {
    return pages(this.#caller, BUDGETS, options);
  }

  /**
   * Spend as the server process that answered knows it. A window can be missing (a process learns
   * of a new budget up to 600 s late) or be over already: neither means that nothing was spent.
   */
  async listWindows(): Promise<BudgetWindow[]> {
    const answer = await this.#caller.call("listBudgetWindows");
    return new Reader("listBudgetWindows", answer).list("windows", readWindow);
  }
}

function readWritten(operation: string, sent: object, answer: JsonObject): BudgetPolicy {
  const policy = new Reader(operation, answer).object("budget_policy", readBudget);
  verifyEcho(operation, { ...sent }, answer.budget_policy as JsonObject);
  return policy;
}

function readBudget(reader: Reader): BudgetPolicy {
  return defined({
    budget_policy_id: reader.text("budget_policy_id"),
    budget_unit: reader.text<BudgetUnit>("budget_unit"),
    budget_amount: reader.number("budget_amount"),
    duration: reader.object("duration", (duration) => ({
      unit: duration.text<DurationUnit>("unit"),
      value: duration.number("value"),
    })),
    target_scope: reader.text<TargetScope>("target_scope"),
    target_value: reader.optionalText("target_value"),
    budget_action: reader.text<BudgetAction>("budget_action"),
    created_at: reader.number("created_at"),
    last_updated_at: reader.number("last_updated_at"),
    created_by: reader.optionalText("created_by"),
    last_updated_by: reader.optionalText("last_updated_by"),
  });
}

const BUDGETS: PagedList<BudgetPolicy> = {
  operation: "listBudgets",
  field: "budget_policies",
  read: readBudget,
};

function readWindow(reader: Reader): BudgetWindow {
  return {
    budget_policy_id: reader.text("budget_policy_id"),
    window_start_ms: reader.number("window_start_ms"),
    window_end_ms: reader.number("window_end_ms"),
    current_spend: reader.number("current_spend"),
  };
}

/** A hundred years: a longer one makes the server stop to refresh the windows of all budgets. */
const DURATION_VALUE_MAX: Readonly<Record<DurationUnit, number>> = {
  MINUTES: 52_560_000,
  HOURS: 876_000,
  DAYS: 36_500,
  WEEKS: 5_200,
  MONTHS: 1_200,
};

const durationFields = fields({
  required: { unit: oneOf(DURATION_UNITS), value: integer(1, DURATION_VALUE_MAX.MINUTES) },
});

const duration: Check = (value, field) =>
  durationFields(value, field) ??
  (isObject(value)
    ? integer(1, DURATION_VALUE_MAX[value.unit as DurationUnit])(value.value, `${field}.value`)
    : undefined);

const FIELDS = {
  budget_unit: oneOf(BUDGET_UNITS),
  // With an amount of 0 a REJECT blocks every call at once, so 0 is no amount.
  budget_amount: positiveNumber,
  duration,
  target_scope: oneOf(TARGET_SCOPES),
  budget_action: oneOf(BUDGET_ACTIONS),
};

const BUDGET_ID = fields({ required: { budget_policy_id: text() } });

const CREATE_BUDGET = fields({
  required: FIELDS,
  optional: { target_value: text(), created_by: text() },
  together: checkTarget,
});

const UPDATE_BUDGET = fields({
  required: { budget_policy_id: text() },
  optional: { ...FIELDS, target_value: text(), updated_by: text() },
  together: checkTarget,
});

function checkTarget({
  target_scope: scope,
  target_value: target,
}: JsonObject): Problem | undefined {
  const field = "target_value";
  if ((scope === "ENDPOINT" || scope === "USER") && target === undefined) {
    const allowed = `given with the scope ${scope} (${scope === "USER" ? "a user" : "an endpoint's id"})`;
    return { field, allowed, got: "nothing" };
  }
  if ((scope === "GLOBAL" || scope === "WORKSPACE") && target !== undefined) {
    return { field, allowed: `left out with the scope ${scope}`, got: JSON.stringify(target) };
  }
  return undefined;
}
