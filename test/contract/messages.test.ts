import { expect, test } from "@jest/globals";
import {
  type DeclaredField,
  declaredFields,
  describedOperations,
  enumNames,
  messageOf,
  newest,
  requiredRpc,
  typeOf,
} from "./descriptor.ts";
import { MAXIMAL_REQUESTS } from "./maximal-requests.ts";
import { recordingClient } from "./recorder.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the server tells and the client leaves out. */
const NOT_READ: readonly string[] = [
  // A mapping is made anew by every update of its endpoint: who made it when says nothing.
  "GatewayEndpointModelMapping.created_at",
  "GatewayEndpointModelMapping.created_by",
  // Of the scorer itself, which is managed elsewhere.
  "Scorer.creation_time",
];

async function run(name: ReturnType<typeof describedOperations>[number]) {
  const request = MAXIMAL_REQUESTS[name];
  if (!request) throw new Error(`maximal-requests.ts has no ${name}`);
  const { client, requests } = recordingClient();
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

test.each(describedOperations())("%s reads all that MLflow declares, and no more", async (name) => {
  const { result } = await run(name);
  const declared = declaredFields(newest, requiredRpc(newest, name).response);
  // The entity alone comes back; the token of the next page is used up by the client.
  const entity = declared
    .filter(({ path }) => path !== "next_page_token")
    .map(({ path, name: field }) => ({ path: path.replace(/^[^.]+\./, ""), name: field }));
  const read = new Set(pathsOf(result));
  expect(result === undefined).toBe(declared.length === 0);
  const unread = entity.filter(({ path, name: field }: DeclaredField) => {
    return !read.has(path) && !NOT_READ.includes(field);
  });
  expect(unread).toEqual([]);
  expect([...read].filter((path) => !entity.some((field) => field.path === path))).toEqual([]);
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

/** Fields whose keys are data. */
const MAPS = ["masked_values", "auth_config"];

/** The paths of all fields of a value; items of lists count as the list itself. */
function pathsOf(value: unknown, prefix = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, prefix));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const path = prefix + field;
    const isLeaf = MAPS.includes(field) || typeof inner !== "object" || inner === null;
    return isLeaf ? [path] : pathsOf(inner, `${path}.`);
  });
}
