import { expect, test } from "@jest/globals";
import type { GatewayAuth } from "#gateway/http/connection.ts";
import type { TransportRequest, TransportResponse } from "#gateway/http/request.ts";
import { InvocationClient } from "#gateway/invocations.ts";
import { Redacted } from "#runtime/redacted.ts";
import { expectNoLeak } from "../../support/leaks.ts";

const CHAT = { messages: [{ role: "user", content: "ping" }], max_tokens: 1 };

/** A client whose server gives the answers in turn. */
function setup(answers: readonly Partial<TransportResponse>[], logins: readonly string[] = []) {
  const requests: TransportRequest[] = [];
  const observed: unknown[] = [];
  let asked = 0;
  const auth = async (): Promise<GatewayAuth> => {
    const password = logins[Math.min(asked, logins.length - 1)] ?? "";
    asked += 1;
    return { username: "operator", password: new Redacted(password) };
  };
  const client = new InvocationClient({
    trackingUri: "https://mlflow.example.com/prefix",
    workspace: "team-a",
    ...(logins.length > 0 && { auth }),
    onRequest: (operation, _, status) => observed.push([operation, status]),
    transport: {
      send: (request) => {
        requests.push(request);
        const answer = answers[requests.length - 1] ?? {};
        return Promise.resolve({ status: 200, headers: {}, body: "", ...answer });
      },
    },
  });
  const invoke = () => client.invoke({ endpoint_name: "my endpoint", body: CHAT });
  return { client, requests, observed, invoke };
}

const json = (status: number, body: unknown) => ({ status, body: JSON.stringify(body) });
const COMPLETED = json(200, { choices: [] });

test("an endpoint is called once, by its name, in the workspace", async () => {
  const { requests, invoke } = setup([COMPLETED]);

  expect(await invoke()).toEqual({ outcome: "completed", status: 200 });
  expect(requests).toHaveLength(1);
  expect(requests[0]?.url.href).toBe(
    "https://mlflow.example.com/prefix/gateway/my%20endpoint/mlflow/invocations",
  );
  expect(requests[0]?.headers.reveal()).toMatchObject({ "x-mlflow-workspace": "team-a" });
  expect(requests[0]).toMatchObject({ method: "POST", isIdempotent: false });
  expect(JSON.parse(requests[0]?.body?.reveal() ?? "")).toEqual(CHAT);
});

test.each([
  ["an embedding", json(200, { data: [{ embedding: [1] }] }), "completed"],
  ["a page of a proxy with 200", { status: 200, body: "<html>Log in</html>" }, "failed"],
  ["the provider's 401", json(401, { detail: "Incorrect API key provided" }), "key-refused"],
  ["the provider's 403", json(403, { detail: { error_code: 403 } }), "key-refused"],
  ["MLflow's 401", { status: 401, body: "You are not authenticated." }, "login-refused"],
  ["MLflow's 403", { status: 403, body: "Permission denied" }, "login-refused"],
  ["a firewall's 403", json(403, { message: "Forbidden" }), "login-refused"],
  ["Google's 400", json(400, { detail: "API key not valid. Please pass one." }), "key-refused"],
  ["Google's expired key", json(400, { detail: "API key expired." }), "key-refused"],
  ["Google's code", json(400, { detail: { reason: "API_KEY_INVALID" } }), "key-refused"],
  ["another 400", json(400, { detail: "Unsupported parameter: 'max_tokens'" }), "failed"],
  ["words of keys with 500", json(500, { detail: "invalid api key" }), "failed"],
  ["a budget", json(429, { detail: "Budget limit exceeded." }), "failed"],
  ["an unknown endpoint", json(404, { detail: { error_code: "NOT_FOUND" } }), "failed"],
] as const)("%s is told as what it is", async (_, answer, outcome) => {
  const { invoke } = setup([answer]);

  expect((await invoke()).outcome).toBe(outcome);
});

test("a 401 that asks for a login is never the provider's", async () => {
  const headers = { "www-authenticate": 'Basic realm="mlflow"' };
  const { invoke } = setup([{ ...json(401, { detail: "Log in" }), headers }]);

  expect((await invoke()).outcome).toBe("login-refused");
});

test("a login that has just been changed is asked for again", async () => {
  const refused = { status: 401, body: "You are not authenticated." };
  const changed = setup([refused, COMPLETED], ["old-login", "new-login"]);
  const same = setup([refused, COMPLETED], ["old-login"]);

  expect(await changed.invoke()).toEqual({ outcome: "completed", status: 200 });
  expect(await same.invoke()).toEqual({ outcome: "login-refused", status: 401 });
  expect(same.requests).toHaveLength(1);
});

test("who watches is told of each request, but a refused key is no doubt of the login", async () => {
  const { observed, invoke } = setup([COMPLETED, json(401, { detail: "wrong" })]);

  await invoke();
  await invoke();

  expect(observed).toEqual([
    ["invokeEndpoint", 200],
    ["invokeEndpoint", undefined],
  ]);
});

test("no word of an answer is repeated", async () => {
  const words = "the key sk-made-up is wrong";
  const { invoke } = setup([json(401, { detail: words }), json(500, { detail: words })]);

  expectNoLeak(["sk-made-up"], await invoke(), await invoke());
});

test("a call ends with the signal of whoever asks", async () => {
  const { client, requests } = setup([COMPLETED]);
  const stop = new AbortController();

  await client.within(stop.signal).invoke({ endpoint_name: "chat", body: CHAT });
  stop.abort();

  expect(requests[0]?.signal?.aborted).toBe(true);
});
