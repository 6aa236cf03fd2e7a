import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { loginOf } from "#cli/connection/login.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const folder = temporaryFolder();

function homeWith(credentials?: string): string {
  const home = mkdtempSync(join(folder, "home-"));
  if (credentials !== undefined) {
    mkdirSync(join(home, ".mlflow"));
    writeFileSync(join(home, ".mlflow", "credentials"), credentials);
  }
  return home;
}

async function login(env: Record<string, string>, credentials?: string) {
  const auth = await loginOf(env, homeWith(credentials));
  if ("username" in auth) return [auth.username, reveal(auth.password)];
  return "token" in auth ? reveal(auth.token) : undefined;
}

function reveal(value: string | { reveal(): string }): string {
  return typeof value === "string" ? value : value.reveal();
}

const FILE = `[mlflow]
mlflow_tracking_username = ada
MLFLOW_TRACKING_PASSWORD: a = b%%
# mlflow_tracking_password = commented

[other]
mlflow_tracking_username = eve
`;

test("without anything said there is no login", async () => {
  expect(await login({})).toBeUndefined();
});

test("username and password come from the environment", async () => {
  const env = { MLFLOW_TRACKING_USERNAME: "bob", MLFLOW_TRACKING_PASSWORD: "pw" };

  expect(await login(env)).toEqual(["bob", "pw"]);
  expect(await login(env, FILE)).toEqual(["bob", "pw"]);
});

test("what the environment does not say comes from the credentials file", async () => {
  expect(await login({}, FILE)).toEqual(["ada", "a = b%"]);
  expect(await login({ MLFLOW_TRACKING_PASSWORD: "pw" }, FILE)).toEqual(["ada", "pw"]);
});

test("a token counts when username and password are not complete", async () => {
  const token = { MLFLOW_TRACKING_TOKEN: "tk" };

  expect(await login(token)).toBe("tk");
  expect(await login({ ...token, MLFLOW_TRACKING_USERNAME: "bob" })).toBe("tk");
  expect(await login(token, FILE)).toEqual(["ada", "a = b%"]);
});

test.each([
  ["MLFLOW_TRACKING_INSECURE_TLS", "true", "NODE_EXTRA_CA_CERTS"],
  ["MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem", "set NODE_EXTRA_CA_CERTS to this path"],
  ["MLFLOW_TRACKING_CLIENT_CERT_PATH", "/me.pem", "no client certificate"],
  ["MLFLOW_TRACKING_AWS_SIGV4", "1", "does not sign"],
  ["MLFLOW_TRACKING_AUTH", "kubernetes", "username with a password, or a token"],
])("%s is not silently ignored", async (name, value, remedy) => {
  await expect(login({ [name]: value })).rejects.toThrow(remedy);
});

test.each([
  { MLFLOW_TRACKING_INSECURE_TLS: "false" },
  { MLFLOW_TRACKING_AWS_SIGV4: "0" },
  { MLFLOW_TRACKING_SERVER_CERT_PATH: "/ca.pem", NODE_EXTRA_CA_CERTS: "/ca.pem" },
])("%j asks for nothing that gwops lacks", async (env) => {
  expect(await login(env)).toBeUndefined();
});
