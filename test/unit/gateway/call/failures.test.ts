import { expect, test } from "@jest/globals";
import { type FakeAnswer, failureOf, scriptedGateway } from "../scripted-gateway.ts";

const HTML_404 = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>";

async function listFailure(answer: FakeAnswer): Promise<Error> {
  const { client } = scriptedGateway([answer], { retry: { attemptsMax: 1 } });
  return await failureOf(client.secrets.list());
}

test.each([
  [
    401,
    "You are not authenticated. Please see https://...",
    { code: "gateway-unauthorised", disposition: "retry" },
    "listSecrets failed with 401: unauthorised: check credentials (MLflow's basic-auth takes a username and a password, no token)",
  ],
  [
    403,
    "Permission denied",
    { code: "gateway-forbidden", disposition: "retry" },
    "listSecrets failed with 403: forbidden: the user lacks a permission (Permission denied)",
  ],
  [
    403,
    "Invalid Host header - possible DNS rebinding attack detected",
    { code: "gateway-forbidden", disposition: "retry" },
    "listSecrets failed with 403: the server does not accept the host name mlflow.example.com: start it with --allowed-hosts mlflow.example.com",
  ],
  [
    404,
    HTML_404,
    { code: "gateway-refused", errorCode: undefined },
    "listSecrets failed with 404: the server has nothing at /api/3.0/mlflow/gateway/secrets/list: check the tracking URI, and that MLflow is 3.11.1 or newer",
  ],
  [
    404,
    '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Secret not found"}',
    { code: "gateway-not-found", errorCode: "RESOURCE_DOES_NOT_EXIST", disposition: "reject" },
    "listSecrets failed with 404 RESOURCE_DOES_NOT_EXIST: Secret not found",
  ],
  [
    400,
    '{"error_code":"RESOURCE_ALREADY_EXISTS","message":"Secret with name \'x\' already exists"}',
    { code: "gateway-already-exists", disposition: "reject", isOutcomeUnknown: false },
    "listSecrets failed with 400 RESOURCE_ALREADY_EXISTS: Secret with name 'x' already exists",
  ],
  [
    500,
    '{"error_code":"INVALID_STATE","message":"still attached"}',
    { code: "gateway-refused", disposition: "reject" },
    "listSecrets failed with 500 INVALID_STATE: still attached",
  ],
  [
    500,
    "<html><head><title>500 Internal Server Error</title>",
    { code: "gateway-unavailable", disposition: "retry", isOutcomeUnknown: true },
    'listSecrets failed with 500: a web page titled "500 Internal Server Error"',
  ],
  [
    429,
    '{"detail":"Too many requests"}',
    { code: "gateway-unavailable", disposition: "retry", isOutcomeUnknown: false },
    "listSecrets failed with 429: Too many requests",
  ],
  [
    404,
    '{"detail":{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no endpoint"}}',
    { code: "gateway-not-found" },
    "listSecrets failed with 404 RESOURCE_DOES_NOT_EXIST: no endpoint",
  ],
  [
    503,
    "",
    { code: "gateway-unavailable", isOutcomeUnknown: true },
    "listSecrets failed with 503: the server gave no reason",
  ],
  [
    501,
    '{"error_code":"NOT_IMPLEMENTED","message":"AI Gateway is disabled"}',
    { code: "gateway-refused", disposition: "reject" },
    "listSecrets failed with 501 NOT_IMPLEMENTED: AI Gateway is disabled",
  ],
])("a %i with the body %j is explained", async (status, body, facts, message) => {
  const error = await listFailure({ status, body });

  expect(error).toMatchObject({ name: "GatewayStatusError", status, ...facts });
  expect(error.message).toBe(message);
});

test.each([
  [
    "BAD_REQUEST",
    "(sqlite3.IntegrityError) UNIQUE constraint failed: endpoints.workspace, endpoints.name\n" +
      "[SQL: INSERT INTO endpoints (name) VALUES (?)]\n[parameters: ('chat', 'sk-123')]\n" +
      "(Background on this error at: https://sqlalche.me/e/21/gkpj)",
    { code: "gateway-already-exists", disposition: "reject" },
    "the name, or the same pair, is already taken",
  ],
  [
    "BAD_REQUEST",
    '(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint "ix"\n' +
      "DETAIL:  Key (name)=(chat) already exists.\n[SQL: INSERT INTO ...]",
    { code: "gateway-already-exists" },
    "the name, or the same pair, is already taken",
  ],
  [
    "BAD_REQUEST",
    "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 " +
      "(Background on this error at: https://sqlalche.me/e/21/3o7r)",
    { code: "gateway-unavailable", disposition: "retry", isOutcomeUnknown: true },
    "the server ran out of database connections",
  ],
  [
    "TEMPORARILY_UNAVAILABLE",
    "(sqlite3.OperationalError) database is locked\n[SQL: INSERT INTO secrets ...]",
    { code: "gateway-unavailable", disposition: "retry" },
    "the server's database reported an error (its words are withheld)",
  ],
  [
    "BAD_REQUEST",
    "(sqlite3.IntegrityError) FOREIGN KEY constraint failed\n[SQL: INSERT INTO endpoints ...]",
    { code: "gateway-refused", disposition: "reject" },
    "the server's database reported an error (its words are withheld)",
  ],
])("the words of a database in a %s are replaced", async (errorCode, message, facts, sentence) => {
  const body = JSON.stringify({ error_code: errorCode, message });

  const error = await listFailure({ status: 400, body });

  expect(error).toMatchObject(facts);
  expect(error.message).toBe(`listSecrets failed with 400 ${errorCode}: ${sentence}`);
});

test("a redirect is refused, showing where it leads but no token", async () => {
  const location = "https://user:pw@login.example.com/oauth?state=token-123#x";
  const error = await listFailure({ status: 302, headers: { location } });

  expect(error).toMatchObject({ code: "gateway-refused", disposition: "reject" });
  expect(error.message).toBe(
    "listSecrets failed with 302: the server redirects to https://login.example.com/oauth, which is not followed: check the tracking URI",
  );
});

test("a long message is cut and stays on one line", async () => {
  const error = await listFailure({ status: 400, body: `no\r\n\u001b[31m${"x".repeat(9999)}` });

  expect(error.message.length).toBeLessThan(600);
  expect(error.message).toMatch(/^listSecrets failed with 400: no \[31mxxx[^\n]*\.\.\.$/);
});

test.each([
  ["Basic", { username: "ops", password: "pw-123456" }, "pw-123456"],
  ["encoded", { username: "ops", password: "pw-123456" }, "b3BzOnB3LTEyMzQ1Ng=="],
  ["Bearer", { token: "token-123456" }, "token-123456"],
])("%s credentials that the server repeats do not get into the message", async (_, auth, text) => {
  const { client } = scriptedGateway([{ status: 400, body: `bad header ${text}` }], { auth });

  const error = await failureOf(client.secrets.list());

  expect(error.message).toBe("listSecrets failed with 400: bad header [redacted]");
});

test.each([
  ["<html>sign in</html>", "was not answered with a JSON object"],
  ["[]", "was not answered with a JSON object"],
  ['{"secrets":{}}', "secrets is not a list"],
  ['{"secrets":[{"secret_id":"s-1"}]}', "secrets[0].secret_name is not a text"],
  ['{"secrets":[{"secret_id":7}]}', "secrets[0].secret_id is not a text"],
])("a success with the body %s is not trusted", async (body, message) => {
  const error = await listFailure({ body });

  expect(error).toMatchObject({ name: "GatewayResponseError", code: "gateway-bad-response" });
  expect(error.message).toContain(message);
});

test("a server without user accounts does not know the address of the current user", async () => {
  const { client } = scriptedGateway([
    { status: 404, body: HTML_404 },
    { json: { is_basic_auth: true, user: { id: 1, username: "ops", is_admin: false } } },
    { status: 404, body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Workspace x"}' },
  ]);

  await expect(client.server.currentUser()).resolves.toBeUndefined();
  await expect(client.server.currentUser()).resolves.toEqual({ username: "ops", is_admin: false });
  await expect(client.server.currentUser()).rejects.toThrow("Workspace x");
});

test("health and version are plain texts, and a sign-in page is neither", async () => {
  const { client } = scriptedGateway([
    { body: "OK" },
    { body: "3.17.2\n" },
    { body: "<html>" },
    { body: "<html>" },
  ]);

  await expect(client.server.health()).resolves.toBeUndefined();
  await expect(client.server.version()).resolves.toBe("3.17.2");
  await expect(client.server.health()).rejects.toThrow("is this MLflow?");
  await expect(client.server.version()).rejects.toThrow("is this MLflow?");
});
