import { expect, test } from "@jest/globals";
import { trackingUriOf, workspaceOf } from "#cli/input/server-address.ts";

test("the flag is stronger than the environment", () => {
  const env = { MLFLOW_TRACKING_URI: "http://from-environment:5000" };

  expect(trackingUriOf(undefined, env)).toBe("http://from-environment:5000");
  expect(trackingUriOf("http://from-flag:5000", env)).toBe("http://from-flag:5000");
});

test.each([
  ["http://127.0.0.1:5000/", "http://127.0.0.1:5000"],
  ["https://mlflow.example.com/team//", "https://mlflow.example.com/team"],
  [" HTTPS://MLflow.Example.com ", "https://mlflow.example.com"],
])("%j is the server %s", (stated, expected) => {
  expect(trackingUriOf(stated, {})).toBe(expected);
});

test.each([
  ["", "say which MLflow server to use"],
  ["databricks", "Databricks runs its own gateway"],
  ["databricks://profile", "Databricks runs its own gateway"],
  ["uc:oss", "Databricks runs its own gateway"],
  ["file:///tmp/mlruns", 'begins with "file:"'],
  ["sqlite:///mlflow.db", 'begins with "sqlite:"'],
  ["./mlruns", "has no scheme"],
  ["http://ada:secret@mlflow:5000", "holds a login"],
  ["http://mlflow:5000/?a=b", "no query"],
])("%j is refused: %s", (stated, problem) => {
  expect(() => trackingUriOf(stated, {})).toThrow(problem);
});

test("a password in the address is not repeated", () => {
  expect(() => trackingUriOf("http://ada:secret@mlflow:5000", {})).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("secret") }),
  );
});

test("the workspace comes from the flag, else from the environment, else from the server", () => {
  expect(workspaceOf("a", { MLFLOW_WORKSPACE: "b" })).toBe("a");
  expect(workspaceOf(undefined, { MLFLOW_WORKSPACE: " b " })).toBe("b");
  expect(workspaceOf(undefined, { MLFLOW_WORKSPACE: " " })).toBeUndefined();
});
