import { inspect } from "node:util";
import { expect, test } from "@jest/globals";
import { GatewayClient, type GatewayClientOptions } from "#gateway/client.ts";
import { Redacted } from "#runtime/redacted.ts";
import { scriptedGateway } from "../scripted-gateway.ts";

async function sentWith(options: Partial<GatewayClientOptions>) {
  const { client, requests } = scriptedGateway([{ json: {} }], options);
  await client.endpoints.list();
  const [request] = requests;
  if (!request) throw new Error("nothing was sent");
  return request;
}

test.each([
  [{ username: "ops", password: "pw" }, "Basic b3BzOnB3"],
  [{ username: "ops", password: new Redacted("pw") }, "Basic b3BzOnB3"],
  [{ token: new Redacted("abc") }, "Bearer abc"],
  [{ kind: "none" as const }, undefined],
])("the credentials %j are sent as %s", async (auth, header) => {
  expect((await sentWith({ auth })).headers.authorization).toBe(header);
});

test("workspace and extra headers travel with every request", async () => {
  const { headers } = await sentWith({
    workspace: "team-a",
    headers: { "X-Proxy-Key": new Redacted("key") },
  });

  expect(headers).toMatchObject({ "x-mlflow-workspace": "team-a", "x-proxy-key": "key" });
});

test.each([
  ["http://127.0.0.1:5000", "http://127.0.0.1:5000/api/3.0"],
  ["http://127.0.0.1:5000/", "http://127.0.0.1:5000/api/3.0"],
  ["https://proxy.example.com/ml/flow//", "https://proxy.example.com/ml/flow/api/3.0"],
])("the tracking URI %s keeps its prefix", async (trackingUri, start) => {
  expect((await sentWith({ trackingUri })).url).toBe(`${start}/mlflow/gateway/endpoints/list`);
});

test.each([
  [{ trackingUri: "mlflow.example.com" }, "trackingUri must start with http:// or https://"],
  [{ trackingUri: "file:///tmp" }, "trackingUri must start with http:// or https://"],
  [{ trackingUri: "https://ops:hunter2@mlflow.example.com" }, "must not hold a username"],
  [{ trackingUri: "https://mlflow.example.com/#/gateway" }, "must not have a query or a fragment"],
  [{ auth: { username: "a:b", password: "hunter2" } }, "must not contain a colon"],
  [{ auth: { username: "ops", password: "" } }, "auth.password must be a text"],
  [{ auth: { token: "hunter2\r\nx-evil: 1" } }, "the value of header authorization"],
  [{ workspace: "" }, "the value of header x-mlflow-workspace"],
  [{ headers: { "x y": "1" } }, "header name x y is malformed"],
])("options that no request could work with are refused: %j", (options, message) => {
  const create = () => new GatewayClient({ trackingUri: "https://mlflow.example.com", ...options });

  expect(create).toThrow(message);
  expect(create).not.toThrow("hunter2");
});

test("a client shows no credentials when it is printed", () => {
  const client = new GatewayClient({
    trackingUri: "https://mlflow.example.com",
    auth: { username: "ops", password: "hunter2" },
    headers: { "x-key": "hunter2" },
  });

  const printed = inspect(client, { depth: 9, showHidden: true }) + JSON.stringify(client);

  expect(printed).not.toContain("hunter2");
  expect(printed).not.toContain(Buffer.from("ops:hunter2").toString("base64"));
});
