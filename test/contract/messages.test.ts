import { expect, test } from "@jest/globals";
import { collected } from "#gateway/call/pages.ts";
import {
  declaredFields,
  describedOperations,
  enumNames,
  messageOf,
  newest,
  requiredRpc,
  typeOf,
} from "./descriptor.ts";
import { MAXIMAL_REQUESTS } from "./maximal-requests.ts";
import { PLAIN_ROUTES, pathsOf, readPaths } from "./plain-answers.ts";
import { recordingClient } from "./recorder.ts";
import type { Sample } from "./sample-answer.ts";

type Fields = Readonly<Record<string, unknown>>;

async function run(name: ReturnType<typeof describedOperations>[number], sample?: Sample) {
  const request = MAXIMAL_REQUESTS[name];
  if (!request) throw new Error(`maximal-requests.ts has no ${name}`);
  const { client, requests } = recordingClient(sample);
  const result = await request(client);
  const sent = requests.filter(({ operation }) => operation === name);
  return { result, sent };
}

test.each(describedOperations())("%s sends fields of the declared types", async (name) => {
  const rpc = requiredRpc(newest, name);
  const { sent } = await run(name);
  expect(sent.length).toBeGreaterThan(0);
  for (const { method, path, query, body } of sent) {
    expect({ method, path }).toEqual({ method: rpc.method, path: rpc.path });
    expect(mistakes(rpc.request, query, true)).toEqual([]);
    expect(mistakes(rpc.request, body)).toEqual([]);
    expect(Object.keys(method === "GET" ? body : query)).toEqual([]);
  }
});

/** What is zero, false or an empty text in a map says something too. */
test.each(
  describedOperations().flatMap((name) => [[name, "full"] as const, [name, "zero"] as const]),
)("%s reads all that MLflow declares, and no more, of a %s answer", async (name, sample) => {
  const { result } = await run(name, sample);
  const declared = declaredFields(newest, requiredRpc(newest, name).response);
  // The entity alone comes back; the token of the next page is used up by the client.
  const entity = declared
    .filter(({ path }) => path !== "next_page_token")
    .map(({ path, name: field }) => ({ path: path.replace(/^[^.]+\./, ""), name: field }));
  const read = new Set(pathsOf(result));
  expect(result === undefined).toBe(declared.length === 0);
  expect(entity.filter(({ path }) => !read.has(path))).toEqual([]);
  expect([...read].filter((path) => !entity.some((field) => field.path === path))).toEqual([]);
});

test.each(Object.entries(PLAIN_ROUTES))(
  "%s, which MLflow does not declare, reads all that it answers",
  async (_, route) => {
    const { client } = recordingClient();
    const result = await route.ask(client);
    expect(new Set(pathsOf(result))).toEqual(new Set(readPaths(route)));
  },
);

test("the maps of an answer keep their empty texts", async () => {
  const { client } = recordingClient("zero");
  const secret = await client.secrets.get({ secret_id: "s-1" });
  expect(secret).toMatchObject({ masked_values: { a_key: "" }, auth_config: { a_key: "" } });
});

test("a page is asked for by its token, and tells the next one", async () => {
  const { client, requests } = recordingClient();
  for (const group of [client.budgets, client.guardrails]) {
    requests.length = 0;
    const first = await group.page({ max_results: 1 });
    const last = await group.page({ page_token: "a next_page_token", max_results: 1 });
    const rest = await group.list({ page_token: "a next_page_token" });
    const pages = await collected<unknown>(group.pages({ page_token: "a next_page_token" }));

    expect(first).toMatchObject({ next_page_token: "a next_page_token" });
    expect(last).not.toHaveProperty("next_page_token");
    expect([first.items, last.items, rest, pages].map(({ length }) => length)).toEqual([
      1, 1, 1, 1,
    ]);
    expect(requests.map(({ query }) => query)).toEqual([
      { max_results: "1" },
      { max_results: "1", page_token: "a next_page_token" },
      { max_results: "1000", page_token: "a next_page_token" },
      { max_results: "1000", page_token: "a next_page_token" },
    ]);
  }
});

test("lists with pages are read to their end", async () => {
  for (const name of ["listBudgets", "listGuardrails"] as const) {
    const { sent, result } = await run(name);
    expect(sent.map(({ query }) => query.page_token)).toEqual([undefined, "a next_page_token"]);
    expect(result).toHaveLength(2);
  }
});

/** Where a message that is sent differs from its declaration. */
function mistakes(message: string, fields: Fields, isQuery = false): string[] {
  const declared = messageOf(newest, message);
  return Object.entries(fields).flatMap(([field, value]) => {
    const description = declared[field];
    if (description === undefined) return [`${message} has no ${field}`];
    const { isRepeated, name } = typeOf(description);
    if (isRepeated !== Array.isArray(value)) return [`${message}.${field} is ${description}`];
    return [value].flat().flatMap((item) => {
      if (newest.messages[name]) return mistakes(name, item as Fields, isQuery);
      const plain = isQuery ? fromQuery(name, String(item)) : item;
      return isOfType(name, plain) ? [] : [`${message}.${field} is ${description}`];
    });
  });
}

/** All texts look the same in a query. */
function fromQuery(type: string, text: string): unknown {
  return type === "string" ? text : JSON.parse(text);
}

function isOfType(type: string, value: unknown): boolean {
  const values = newest.enums[type];
  if (values) return enumNames(values).includes(String(value));
  switch (type) {
    case "string":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "double":
    case "float":
      return typeof value === "number";
    case "int32":
    case "int64":
      return Number.isInteger(value);
    case "map<string, string>":
      return Object.values(value as object).every((item) => typeof item === "string");
    default:
      throw new Error(`unknown type ${type}`);
  }
}
