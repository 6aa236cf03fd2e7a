import {
  fields,
  integer,
  NO_FIELDS,
  oneOf,
  positiveNumber,
  refuse,
  text,
} from "#gateway/call/checks.ts";
import { create } from "#gateway/call/creation.ts";
import type { JsonObject } from "#gateway/call/json.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import {
  collected,
  type Page,
  type PagedKind,
  type PageOptions,
  page,
  pages,
} from "#gateway/call/pages.ts";
import { inside, type Place } from "#gateway/call/place.ts";
import * as read from "#gateway/call/read.ts";
import type { CreateBudget, UpdateBudget } from "#gateway/requests.ts";
import {
  BUDGET_ACTIONS,
  BUDGET_UNITS,
  type BudgetAction,
  type BudgetPolicy,
  type BudgetUnit,
  type BudgetWindow,
  DURATION_UNITS,
  type DurationUnit,
  TARGET_SCOPES,
  type TargetScope,
} from "#gateway/types.ts";

/** Limits on spend. Budgets have no name, and nothing keeps two from being equal. */
export class BudgetOperations extends OperationGroup {
  /**
   * The time grows with the number of budgets: write them one after another. Give a `created_by`
   * that no other budget has: by it alone a budget is found again whose creation was not answered.
   */
  async create(request: CreateBudget): Promise<BudgetPolicy> {
    return await create(this.caller, {
      operation: "createBudget",
      check: CREATE_BUDGET,
      kind: BUDGET,
      fields: request,
      isUnique: false,
      find: (options) => collected(pages(this.caller, BUDGET, {}, options)),
      identity: ["created_by"],
    });
  }

  /** Throws with `gateway-not-found` when there is no such budget. */
  get(request: { readonly budget_policy_id: string }): Promise<BudgetPolicy> {
    return this.ask("getBudget", request, ID, read.one(BUDGET));
  }

  /** Replaces the fields given; the others stay, `created_by` too. */
  update(request: UpdateBudget): Promise<BudgetPolicy> {
    return this.write("updateBudget", request, UPDATE_BUDGET, BUDGET);
  }

  /** Throws with `gateway-not-found` when there is no such budget. */
  delete(request: { readonly budget_policy_id: string }): Promise<void> {
    return this.ask("deleteBudget", request, ID);
  }

  /** All budgets of the workspace, over all pages. */
  list(options: PageOptions = {}): Promise<BudgetPolicy[]> {
    return collected(this.pages(options));
  }

  /** One page, and the token of the next one. */
  page(options: PageOptions = {}): Promise<Page<BudgetPolicy>> {
    return page(this.caller, BUDGET, options);
  }

  /** As {@link list}, page by page. */
  pages(options: PageOptions = {}): AsyncGenerator<BudgetPolicy[], void, undefined> {
    return pages(this.caller, BUDGET, options);
  }

  /**
   * Spend as the server process that answered knows it. A window can be missing (a process learns
   * of a new budget up to 600 s late) or be over already: neither means that nothing was spent.
   */
  listWindows(): Promise<BudgetWindow[]> {
    return this.ask("listBudgetWindows", {}, NO_FIELDS, read.field("windows", WINDOWS));
  }
}

const BUDGET: PagedKind<BudgetPolicy> = {
  listOperation: "listBudgets",
  one: "budget_policy",
  many: "budget_policies",
  read: read.object({
    budget_policy_id: read.text,
    budget_unit: read.text<BudgetUnit>,
    budget_amount: read.number,
    duration: read.object({ unit: read.text<DurationUnit>, value: read.number }),
    target_scope: read.text<TargetScope>,
    target_value: read.textIfAny,
    budget_action: read.text<BudgetAction>,
    ...read.STAMPS,
  }),
};

const WINDOWS = read.list(
  read.object({
    budget_policy_id: read.text,
    window_start_ms: read.number,
    window_end_ms: read.number,
    current_spend: read.number,
  }),
);

/** A hundred years: a longer one makes the server stop to refresh the windows of all budgets. */
const DURATION_VALUE_MAX: Readonly<Record<DurationUnit, number>> = {
  MINUTES: 52_560_000,
  HOURS: 876_000,
  DAYS: 36_500,
  WEEKS: 5_200,
  MONTHS: 1_200,
};

const FIELDS = {
  budget_unit: oneOf(BUDGET_UNITS),
  // With an amount of 0 a REJECT blocks every call at once, so 0 is no amount.
  budget_amount: positiveNumber,
  duration: fields(
    { unit: oneOf(DURATION_UNITS), value: integer(1, DURATION_VALUE_MAX.MINUTES) },
    {},
    ({ unit, value }, place) =>
      integer(1, DURATION_VALUE_MAX[unit as DurationUnit])(value, inside(place, "value")),
  ),
  target_scope: oneOf(TARGET_SCOPES),
  budget_action: oneOf(BUDGET_ACTIONS),
};

const IDENTITY = { budget_policy_id: text };
const ID = fields(IDENTITY);
const CREATE_BUDGET = fields(FIELDS, { target_value: text, created_by: text }, checkTarget);
const UPDATE_BUDGET = fields(
  IDENTITY,
  { ...FIELDS, target_value: text, updated_by: text },
  checkTarget,
);

/** What `target_value` is with the scopes that need one; with the others it must not be given. */
const TARGETS: Readonly<Record<string, string>> = { ENDPOINT: "an endpoint's id", USER: "a user" };

function checkTarget({ target_scope, target_value }: JsonObject, request: Place): void {
  if (target_scope === undefined) return;
  const place = inside(request, "target_value");
  const target = TARGETS[target_scope as TargetScope];
  if (target && target_value === undefined) {
    refuse(place, `given with the scope ${target_scope} (${target})`, "nothing");
  }
  if (!target && target_value !== undefined) {
    refuse(place, `left out with the scope ${target_scope}`, JSON.stringify(target_value));
  }
}
