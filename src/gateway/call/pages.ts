import { GatewayResponseError } from "#gateway/errors.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { checkRequest, fields, integer } from "./checks.ts";
import { whole } from "./place.ts";
import { field, type Kind, many, textIfAny } from "./read.ts";

export interface PageOptions {
  /** Resources in a page, 1 to 50 000. @default 1000 */
  readonly max_results?: number;
}

/** The server's own default. */
const PAGE_SIZE = 1000;
const PAGE_SIZE_MAX = 50_000;
/** The server enforces 1,000 budgets: this many pages, however small, can only be a loop. */
const PAGES_MAX = 10_000;

export interface PagedKind<T> extends Kind<T> {
  readonly listOperation: "listBudgets" | "listGuardrails";
}

/** One page after the other of the two lists that have pages. */
export async function* pages<T>(
  caller: Caller,
  kind: PagedKind<T>,
  options: PageOptions = {},
  callOptions: CallOptions = {},
): AsyncGenerator<T[], void, undefined> {
  const { listOperation: operation } = kind;
  checkRequest(operation, options, PAGE_OPTIONS);
  const { max_results = PAGE_SIZE } = options;
  let page_token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await caller.call(operation, { max_results, page_token }, callOptions);
    const place = whole(operation);
    yield many(kind)(answer, place);
    const next = nextToken(answer, place);
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

const nextToken = field("next_page_token", textIfAny);
const PAGE_OPTIONS = fields({}, { max_results: integer(1, PAGE_SIZE_MAX) });
