import type { Caller, CallOptions } from "./caller.ts";
import { GatewayResponseError } from "./errors.ts";
import { checkOperation } from "./resource.ts";
import { list, readAnswer, type Shape, textIfAny } from "./shape.ts";

export interface PageOptions {
  /** Resources in a page, 1 to 50 000. @default 1000 */
  readonly max_results?: number;
}

/** The server's own default. */
const PAGE_SIZE = 1000;
/** The server enforces 1,000 budgets: this many pages, however small, can only be a loop. */
const PAGES_MAX = 10_000;

export interface PagedList<T> {
  readonly operation: "listBudgets" | "listGuardrails";
  /** Of the answer, holding the list. */
  readonly field: string;
  readonly read: Shape<T>;
}

/** One page after the other of the two lists that have pages. */
export async function* pages<T>(
  caller: Caller,
  { operation, field, read }: PagedList<T>,
  options: PageOptions = {},
  callOptions: CallOptions = {},
): AsyncGenerator<T[], void, undefined> {
  checkOperation(operation, options);
  const { max_results = PAGE_SIZE } = options;
  let page_token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await caller.call(operation, { max_results, page_token }, callOptions);
    yield readAnswer(operation, answer, (source) => list(read)(source, field));
    const next = readAnswer(operation, answer, (source) => textIfAny(source, "next_page_token"));
    if (next === undefined) return;
    if (next === page_token) break;
    page_token = next;
  }
  throw new GatewayResponseError(operation, "is answered with pages that do not end");
}

export async function collected<T>(all: AsyncIterable<readonly T[]>): Promise<T[]> {
  const items: T[] = [];
  for await (const page of all) items.push(...page);
  return items;
}
