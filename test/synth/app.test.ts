import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

test("without the URL of the gateway the app ends with one sentence that says how to pass it", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "bin/app.ts"],
    { cwd: fileURLToPath(new URL("../..", import.meta.url)), encoding: "utf8" },
  );

  expect(stderr).toBe(
    "gatewayUrl is missing: pass the URL of the MLflow server, such as " +
      "-c gatewayUrl=https://mlflow.example.com.\n",
  );
  expect(stdout).toBe("");
  expect(status).toBe(1);
});
