import { GatewayResponseError } from "#gateway/errors.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { checkRequest, fields, integer, textOf } from "./checks.ts";
import { whole } from "./place.ts";
import { field, type Kind, many, textIfAny } from "./read.ts";

export interface PageOptions {
  /** Resources in a page, 1 to 50 000. @default 1000 */
  readonly max_results?: number;
  /** Of a page before, with whose successor to begin. @default the first page */
  readonly page_token?: string;
}

export interface Page<T> {
  readonly items: T[];
  /** Absent on the last page. */
  readonly next_page_token?: string;
}

/** The server's own default. */
const PAGE_SIZE = 1000;
const PAGE_SIZE_MAX = 50_000;
/** The server enforces 1,000 budgets: this many pages, however small, can only be a loop. */
const PAGES_MAX = 10_000;

export interface PagedKind<T> extends Kind<T> {
  readonly listOperation: "listBudgets" | "listGuardrails";
}

/** Of one of the two lists that have pages. */
export async function page<T>(
  caller: Caller,
  kind: PagedKind<T>,
  options: PageOptions,
  callOptions?: CallOptions,
): Promise<Page<T>> {
  const { listOperation: operation } = kind;
  checkRequest(operation, options, PAGE_OPTIONS);
  const answer = await caller.call(operation, { max_results: PAGE_SIZE, ...options }, callOptions);
  const place = whole(operation);
  const items = many(kind)(answer, place);
  const next_page_token = nextToken(answer, place);
  return next_page_token === undefined ? { items } : { items, next_page_token };
}

/** One page after the other. */
export async function* pages<T>(
  caller: Caller,
  kind: PagedKind<T>,
  options: PageOptions = {},
  callOptions: CallOptions = {},
): AsyncGenerator<T[], void, undefined> {
  let place = options;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const { items, next_page_token } = await page(caller, kind, place, callOptions);
    yield items;
    if (next_page_token === undefined) return;
    if (next_page_token === place.page_token) break;
    place = { ...options, page_token: next_page_token };
  }
  throw new GatewayResponseError(kind.listOperation, "is answered with pages that do not end");
}

export async function collected<T>(all: AsyncIterable<readonly T[]>): Promise<T[]> {
  const items: T[] = [];
  for await (const page of all) items.push(...page);
  return items;
}

const nextToken = field("next_page_token", textIfAny);
const PAGE_OPTIONS = fields(
  {},
  { max_results: integer(1, PAGE_SIZE_MAX), page_token: textOf({ max: 5000 }) },
);
