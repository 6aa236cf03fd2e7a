import { expect, test } from "@jest/globals";
import { defaultLedgerPath } from "#local/state-folder.ts";
import { serverName } from "#runtime/server.ts";

const HOME = "/home/ada";

test("the ledger lies in the user's state folder, one for each server", () => {
  const path = defaultLedgerPath({ env: {}, home: HOME }, "https://mlflow.example.com/team");

  expect(path).toMatch(
    /^\/home\/ada\/\.local\/state\/gateway-ops\/mlflow\.example\.com-443-[0-9a-f]{10}\/ledger\.json$/,
  );
  expect(defaultLedgerPath({ env: {}, home: HOME }, "https://mlflow.example.com")).not.toBe(path);
});

test.each([
  [{ XDG_STATE_HOME: "/state" }, "/state/gateway-ops/"],
  [{ XDG_STATE_HOME: "relative" }, "/home/ada/.local/state/gateway-ops/"],
  [{ XDG_STATE_HOME: "" }, "/home/ada/.local/state/gateway-ops/"],
])("with %j it lies below %s", (env, start) => {
  expect(defaultLedgerPath({ env, home: HOME }, "http://localhost:5000").startsWith(start)).toBe(
    true,
  );
});

test.each([
  "http://localhost:5000",
  "http://localhost:5000/",
  "http://127.0.0.1:5000",
  "http://[::1]:5000//",
  "HTTP://LOCALHOST:5000",
])("%s is one and the same server", (uri) => {
  expect(serverName(uri)).toBe("localhost:5000");
});

test.each([
  ["https://mlflow.example.com", "mlflow.example.com:443"],
  ["http://mlflow.example.com/", "mlflow.example.com:80"],
  ["https://mlflow.example.com/team/", "mlflow.example.com:443/team"],
])("%s is called %s", (uri, name) => {
  expect(serverName(uri)).toBe(name);
});
