import type { Caller } from "./caller.ts";
import { collected, type PagedList, type PageOptions, pages } from "./pages.ts";
import { Resource } from "./resource.ts";
import * as read from "./shape.ts";
import type {
  BudgetAction,
  BudgetPolicy,
  BudgetUnit,
  BudgetWindow,
  CreateBudget,
  DurationUnit,
  TargetScope,
  UpdateBudget,
} from "./types.ts";

/** Limits on spend. Budgets have no name, and nothing keeps two from being equal. */
export class BudgetOperations {
  readonly #caller: Caller;
  readonly #budgets: Resource<BudgetPolicy>;
  readonly #windows: Resource<BudgetWindow>;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#budgets = new Resource(caller, BUDGET);
    this.#windows = new Resource(caller, WINDOW);
  }

  /**
   * The time grows with the number of budgets: write them one after another. Give a `created_by`
   * that no other budget has: by it alone a budget is found again whose creation was not answered.
   */
  async create(request: CreateBudget): Promise<BudgetPolicy> {
    const { created_by } = request;
    return await this.#budgets.create("createBudget", request, {
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
  }

  /** Throws with `gateway-not-found` when there is no such budget. */
  async get(request: { readonly budget_policy_id: string }): Promise<BudgetPolicy> {
    return await this.#budgets.get("getBudget", request);
  }

  /** Replaces the fields given; the others stay, `created_by` too. */
  async update(request: UpdateBudget): Promise<BudgetPolicy> {
    return await this.#budgets.update("updateBudget", request);
  }

  /** Throws with `gateway-not-found` when there is no such budget. */
  async delete(request: { readonly budget_policy_id: string }): Promise<void> {
    await this.#budgets.act("deleteBudget", request);
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
    return await this.#windows.list("listBudgetWindows", {});
  }
}

const readDuration = read.shape({ unit: read.text<DurationUnit>, value: read.number });

const readBudget = read.shape({
  budget_policy_id: read.text,
  budget_unit: read.text<BudgetUnit>,
  budget_amount: read.number,
  duration: read.object(readDuration),
  target_scope: read.text<TargetScope>,
  target_value: read.textIfAny,
  budget_action: read.text<BudgetAction>,
  ...read.STAMPS,
});

const readWindow = read.shape({
  budget_policy_id: read.text,
  window_start_ms: read.number,
  window_end_ms: read.number,
  current_spend: read.number,
});

const BUDGET = { one: "budget_policy", many: "budget_policies", read: readBudget };
const WINDOW = { one: "window", many: "windows", read: readWindow };

const BUDGETS: PagedList<BudgetPolicy> = {
  operation: "listBudgets",
  field: BUDGET.many,
  read: readBudget,
};
