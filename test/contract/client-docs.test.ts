import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { OPERATIONS, type OperationName } from "#gateway/operations.ts";
import { describedOperations } from "./descriptor.ts";
import { MAXIMAL_REQUESTS } from "./maximal-requests.ts";

interface Row {
  readonly seed: string;
  readonly methods: readonly string[];
  readonly http: string;
}

const ROOT = "/api/3.0/mlflow/gateway/";
const lines = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8").split("\n");
/** Of the two tables; only their rows have a method of HTTP in code. */
const rows = lines.filter((line) => /^\|.*\| `(GET|POST|PATCH|DELETE) /.test(line)).map(readRow);

function readRow(line: string): Row {
  const cells = line.split("|").slice(1, -1);
  const [seed, methods, http] = cells.length === 4 ? cells : ["", ...cells];
  const codes = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");
  return { seed: codes(seed)[0] ?? "", methods: codes(methods), http: codes(http)[0] ?? "" };
}

function httpOf(name: OperationName): string {
  const { method, path } = OPERATIONS[name];
  return `${method} ${path.replace(ROOT, "")}`;
}

test("every operation has its row, with its method and path", () => {
  // The way round for servers that lack users/current; a note says so.
  const names = (Object.keys(OPERATIONS) as OperationName[]).filter((name) => name !== "getUser");
  expect(rows.map(({ http }) => http).toSorted()).toEqual(names.map(httpOf).toSorted());
  expect(lines.join("\n")).toContain(`\`${httpOf("getUser")}\``);
});

test("every method in the tables is one of the client", () => {
  const client = new GatewayClient({ trackingUri: "https://mlflow.example.com" });
  const groups = client as unknown as Record<string, Record<string, unknown>>;
  for (const method of rows.flatMap(({ methods }) => methods)) {
    const [group = "", name = ""] = method.split(".");
    expect({ method, type: typeof groups[group]?.[name] }).toEqual({ method, type: "function" });
  }
});

test("every method of the client is in the tables", () => {
  const client = new GatewayClient({ trackingUri: "https://mlflow.example.com" });
  const methods = Object.entries(client).flatMap(([group, operations]) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(operations))
      .filter((name) => name !== "constructor")
      .map((name) => `${group}.${name}`),
  );
  expect(rows.flatMap((row) => row.methods).toSorted()).toEqual(methods.toSorted());
});

test.each(describedOperations())("the method of %s carries it out", (name) => {
  const row = rows.find(({ http }) => http === httpOf(name));
  // messages.test.ts shows that this call sends the operation.
  const call = String(MAXIMAL_REQUESTS[name]);
  expect(call).toContain(`${row?.methods[0]}(`);
});

test("the 28 operations of MLFlowClient.jl are there, each once", () => {
  const seeds = rows.flatMap(({ seed }) => (seed ? [seed] : []));
  expect(new Set(seeds).size).toBe(28);
  expect(seeds).toHaveLength(28);
  expect(seeds.filter((seed) => !/^[a-z]+gateway[a-z]+$/.test(seed))).toEqual([]);
});
