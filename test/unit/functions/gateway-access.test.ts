import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { deadlineOf, NO_DEADLINE } from "#runtime/deadline.ts";
import { openGateway } from "../../../functions/gateway-access.ts";
import { expectNoLeak } from "../../support/leaks.ts";

const SECRET = "gateway-login";

let server: Server;
let address: string;
/** What the gateway lets in; every login that came. */
let accepted: string;
let logins: (string | undefined)[];
let workspaces: (string | string[] | undefined)[];

beforeEach(async () => {
  accepted = basic("operator", "password-one");
  logins = [];
  workspaces = [];
  server = createServer((request, response) => {
    logins.push(request.headers.authorization);
    workspaces.push(request.headers["x-mlflow-workspace"]);
    const isWelcome = request.headers.authorization === accepted;
    response.writeHead(isWelcome ? 200 : 401).end(isWelcome ? "{}" : "who are you?");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
});

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** A Secrets Manager that holds the login, and tells which stages were read. */
function stored(login: string, pending?: string) {
  const state = { login, pending, stages: [] as string[] };
  const send = async ({ input }: GetSecretValueCommand) => {
    state.stages.push(input.VersionStage ?? "");
    if (input.VersionStage === "AWSCURRENT") return { SecretString: state.login };
    if (state.pending === undefined) {
      throw Object.assign(new Error("no such stage"), { name: "ResourceNotFoundException" });
    }
    return { SecretString: state.pending };
  };
  const client = { send } as unknown as SecretsManagerClient;
  const settings = { GATEWAY_OPS_GATEWAY_URL: address, GATEWAY_OPS_CREDENTIALS_SECRET: SECRET };
  const { gatewayOf, trackingOf } = openGateway(client, settings);
  return { state, gatewayOf, trackingOf, gateway: gatewayOf("default", NO_DEADLINE) };
}

test("the login is read with the first request, and not again", async () => {
  const { state, gateway } = stored('{"username": "operator", "password": "password-one"}');
  expect(state.stages).toEqual([]);

  await gateway.secrets.list();
  await gateway.endpoints.list();

  expect(state.stages).toEqual(["AWSCURRENT"]);
  expect(logins).toEqual([accepted, accepted]);
});

test("a login that was changed meanwhile is read again, and the request goes through", async () => {
  const { state, gateway } = stored('{"username": "operator", "password": "password-one"}');
  await gateway.secrets.list();
  accepted = basic("operator", "password-two");
  state.login = '{"username": "operator", "password": "password-two"}';

  await gateway.secrets.list();

  expect(state.stages).toEqual(["AWSCURRENT", "AWSCURRENT"]);
});

test("a login that stays refused is read once more for each request, and no oftener", async () => {
  const { state, gateway } = stored('{"username": "operator", "password": "password-two"}');

  await expect(gateway.secrets.list()).rejects.toMatchObject({ code: "gateway-unauthorised" });

  expect(state.stages).toEqual(["AWSCURRENT", "AWSCURRENT", "AWSPENDING"]);
});

test("a login that is AWSPENDING is taken when the current one is refused, once", async () => {
  const { state, gateway } = stored(
    '{"username": "operator", "password": "password-zero"}',
    '{"username": "operator", "password": "password-one"}',
  );

  await gateway.secrets.list();
  await gateway.secrets.list();
  accepted = basic("operator", "password-three");
  await expect(gateway.secrets.list()).rejects.toMatchObject({ code: "gateway-unauthorised" });

  expect(logins).toEqual([
    ...["zero", "one", "one", "one", "zero"].map((n) => basic("operator", `password-${n}`)),
  ]);
  expect(state.stages).toEqual(["AWSCURRENT", "AWSCURRENT", "AWSPENDING", "AWSCURRENT"]);
});

test("calls at once that are refused with a former login all go through with the new one", async () => {
  const { state, gateway } = stored(
    '{"username": "operator", "password": "password-one"}',
    '{"username": "operator", "password": "not-set-yet"}',
  );
  await gateway.secrets.list();
  accepted = basic("operator", "password-two");
  state.login = '{"username": "operator", "password": "password-two"}';

  await Promise.all(Array.from({ length: 8 }, () => gateway.secrets.list()));

  expect(logins).not.toContain(basic("operator", "not-set-yet"));
});

test("each workspace is asked by its name, but for the default one, which every server has", async () => {
  const { gatewayOf, trackingOf } = stored('{"username": "operator", "password": "password-one"}');

  await gatewayOf("default", NO_DEADLINE).secrets.list();
  await gatewayOf("search", NO_DEADLINE).secrets.list();
  await trackingOf("search", NO_DEADLINE)
    .experiments.find({ name: "chat" })
    .catch(() => undefined);

  expect(workspaces).toEqual([undefined, "search", "search"]);
});

test("all workspaces and all runs share one login", async () => {
  const { state, gatewayOf, trackingOf } = stored(
    '{"username": "operator", "password": "password-one"}',
  );

  await gatewayOf("default", NO_DEADLINE).secrets.list();
  await gatewayOf("search", NO_DEADLINE).secrets.list();
  await trackingOf("search", NO_DEADLINE)
    .experiments.find({ name: "chat" })
    .catch(() => undefined);

  expect(state.stages).toEqual(["AWSCURRENT"]);
});

test("a run whose time is over sends nothing, and leaves the clients to the next one", async () => {
  const { gatewayOf } = stored('{"username": "operator", "password": "password-one"}');
  const over = deadlineOf({ getRemainingTimeInMillis: () => 0 }, { endMs: 1 });
  await new Promise((resolve) => over.signal.addEventListener("abort", resolve));

  await expect(gatewayOf("default", over).secrets.list()).rejects.toMatchObject({
    code: "gateway-timeout",
    isOutcomeUnknown: false,
  });
  expect(logins).toEqual([]);
  await expect(gatewayOf("default", NO_DEADLINE).secrets.list()).resolves.toEqual([]);
});

test("the time of a run also ends the reading of the login", async () => {
  const seen: (AbortSignal | undefined)[] = [];
  const client = {
    send: (_: unknown, { abortSignal }: { abortSignal?: AbortSignal } = {}) => {
      seen.push(abortSignal);
      return Promise.reject(new Error("it is down"));
    },
  };
  const { gatewayOf } = openGateway(client as unknown as SecretsManagerClient, {
    GATEWAY_OPS_GATEWAY_URL: address,
    GATEWAY_OPS_CREDENTIALS_SECRET: SECRET,
  });

  await expect(gatewayOf("default", NO_DEADLINE).secrets.list()).rejects.toMatchObject({
    code: "aws-call",
  });

  expect(seen).toEqual([NO_DEADLINE.signal]);
});

test("every request is told of, to the gateway and to the tracking server", async () => {
  const told: string[] = [];
  const client = { send: () => Promise.reject(new Error("never called")) };
  accepted = "";
  const { gatewayOf, trackingOf } = openGateway(
    client as unknown as SecretsManagerClient,
    { GATEWAY_OPS_GATEWAY_URL: address },
    (operation, _, status) => void told.push(`${operation} ${status}`),
  );

  await gatewayOf("default", NO_DEADLINE)
    .secrets.list()
    .catch(() => undefined);
  await trackingOf("default", NO_DEADLINE)
    .experiments.find({ name: "chat" })
    .catch(() => undefined);

  expect(told).toEqual(["listSecrets 401", "findExperiment 401"]);
});

test("without a secret no login is sent", async () => {
  const client = { send: () => Promise.reject(new Error("never called")) };
  const { gatewayOf } = openGateway(client as unknown as SecretsManagerClient, {
    GATEWAY_OPS_GATEWAY_URL: address,
  });

  await expect(gatewayOf("default", NO_DEADLINE).secrets.list()).rejects.toMatchObject({
    status: 401,
  });

  expect(logins).toEqual([undefined]);
});

test.each([
  ["a plain text", "password-one"],
  ["something broken", '{"username": "operator", "password": "password-one"'],
  ["a login without a user", '{"password": "password-one"}'],
  ["an empty password", '{"username": "operator", "password": ""}'],
])("%s as login is explained without showing it, and may be mended", async (_, login) => {
  const { gateway } = stored(login);

  const error: unknown = await gateway.secrets.list().catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({
    disposition: "retry",
    message: expect.stringContaining(
      'the secret gateway-login must hold {"username": ..., "password": ...} for the gateway',
    ),
  });
  expectNoLeak(["password-one"], error);
  expect(logins).toEqual([]);
});
