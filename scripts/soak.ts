import { spawnSync } from "node:child_process";

/**
 * Runs the tests that draw what they do, for as long as it takes to find what seldom happens: hours,
 * not minutes. Each says its seed; GATEWAY_OPS_TEST_SEED repeats it.
 */
const TESTS = ["property/mutations", "integration/convergence", "integration/killed-apply"];

const { status } = spawnSync(
  process.execPath,
  ["scripts/test.mjs", "--maxWorkers=1", "--testPathPatterns", ...TESTS],
  { stdio: "inherit", env: { ...process.env, GATEWAY_OPS_SOAK: "true" } },
);
process.exitCode = status ?? 1;
