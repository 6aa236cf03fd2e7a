import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

// Runs jest with the arguments given and sums up in one last line that a script can read.
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const folder = mkdtempSync(path.join(tmpdir(), "gateway-ops-test-"));
const outputFile = path.join(folder, "results.json");

try {
  const status = await runJest();
  const { passed, failed, skipped } = countTests(status);
  const ending = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`${passed} passed, ${failed} failed${ending}`);
  // A run that found nothing to test has shown nothing.
  process.exitCode = status === 0 && passed + failed === 0 ? 1 : status;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runJest() {
  const node = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  const jest = require.resolve("jest/bin/jest");
  const json = ["--json", `--outputFile=${outputFile}`, ...workers()];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...node, jest, ...json, ...process.argv.slice(2)], {
      cwd: ROOT,
      // The SDK's notice that it will drop Node 20 would be in every suite that uses it.
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
      stdio: "inherit",
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
    // A terminal sends Ctrl-C to jest too: wait for its end, so that nothing outlives this run.
    process.on("SIGINT", () => undefined);
    for (const signal of ["SIGTERM", "SIGHUP"]) {
      process.on(signal, () => child.kill(signal));
    }
  });
}

/** Suites that deploy build into the same folder, and real servers share the machine: one by one. */
function workers() {
  const given = process.argv.slice(2);
  const startsServers = !given.includes("--selectProjects") || given.includes("e2e");
  return startsServers ? ["--maxWorkers=1"] : [];
}

/** A suite that could not run counts as one failure, and so does whatever else made jest fail. */
function countTests(status) {
  const results = readResults();
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function readResults() {
  try {
    return JSON.parse(readFileSync(outputFile, "utf8"));
  } catch {
    return {
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      numRuntimeErrorTestSuites: 0,
    };
  }
}
