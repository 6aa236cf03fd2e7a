import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

// Runs jest with the arguments given, one stage after the other, and sums up in one last line that
// a script can read; before it, the suites that took longest.
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const SLOWEST_SHOWN = 10;
/** Of one test that says nothing else: the machine may be busy with others. Jest's own is 5 s. */
const TEST_TIMEOUT_MS = 20_000;
const SELECT = "--selectProjects";
const processors = availableParallelism();
/** Projects that share the machine well. What waits more than it works has a worker more. */
const STAGES = [
  { projects: ["unit", "property", "contract", "synth", "package"], workers: processors },
  { projects: ["integration"], workers: processors },
  { projects: ["e2e"], workers: processors + 1 },
];
const require = createRequire(import.meta.url);
const folder = mkdtempSync(path.join(tmpdir(), "gateway-ops-test-"));
let isStopped = false;

try {
  const { chosen, rest } = readArguments(process.argv.slice(2));
  const runs = [];
  for (const { projects, workers } of STAGES) {
    const own = projects.filter((project) => chosen?.includes(project) ?? true);
    if (own.length > 0 && !isStopped) runs.push(await runStage(own, workers, rest));
  }
  printSlowest(runs.flatMap(({ results }) => results.testResults));
  printSum(runs);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The projects that are asked for, if any are, and what is left for jest. */
function readArguments(given) {
  const start = given.indexOf(SELECT);
  if (start < 0) return { chosen: undefined, rest: given };
  const length = given.slice(start + 1).findIndex((argument) => argument.startsWith("-"));
  const end = length < 0 ? given.length : start + 1 + length;
  const chosen = given.slice(start + 1, end);
  const known = STAGES.flatMap(({ projects }) => projects);
  const unknown = chosen.filter((project) => !known.includes(project));
  if (unknown.length > 0 || chosen.length === 0) {
    console.error(`${SELECT} takes ${known.join(", ")}; got ${unknown.join(", ") || "none"}`);
    process.exit(1);
  }
  return { chosen, rest: [...given.slice(0, start), ...given.slice(end)] };
}

async function runStage(projects, workers, rest) {
  const outputFile = path.join(folder, `${projects[0]}.json`);
  const status = await runJest([
    ...[SELECT, ...projects],
    ...["--json", `--outputFile=${outputFile}`, "--passWithNoTests"],
    ...(isGiven(rest, /^(-i|-w|--runInBand|--maxWorkers)\b/) ? [] : [`--maxWorkers=${workers}`]),
    ...(isGiven(rest, /^--testTimeout\b/) ? [] : [`--testTimeout=${TEST_TIMEOUT_MS}`]),
    ...rest,
  ]);
  return { status, results: readResults(outputFile) };
}

function isGiven(rest, flag) {
  return rest.some((argument) => flag.test(argument));
}

function runJest(given) {
  const node = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  const jest = require.resolve("jest/bin/jest");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...node, jest, ...given], {
      cwd: ROOT,
      // The SDK's notice that it will drop Node 20 would be in every suite that uses it.
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
      stdio: "inherit",
    });
    // A terminal sends Ctrl-C to jest too: wait for its end, so that nothing outlives this run.
    const onInterrupt = () => {
      isStopped = true;
    };
    const onSignal = (signal) => {
      isStopped = true;
      child.kill(signal);
    };
    process.on("SIGINT", onInterrupt).on("SIGTERM", onSignal).on("SIGHUP", onSignal);
    child.on("error", reject);
    child.on("exit", (code) => {
      process.off("SIGINT", onInterrupt).off("SIGTERM", onSignal).off("SIGHUP", onSignal);
      resolve(code ?? 1);
    });
  });
}

function printSlowest(suites) {
  const slowest = suites
    .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, SLOWEST_SHOWN);
  console.log("The slowest suites:");
  for (const { name, seconds } of slowest) {
    console.log(`${seconds.toFixed(1).padStart(8)} s  ${path.relative(ROOT, name)}`);
  }
}

function printSum(runs) {
  const counts = runs.map(countTests);
  const sum = (name) => counts.reduce((total, count) => total + count[name], 0);
  const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
  const ending = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`${passed} passed, ${failed} failed${ending}`);
  const status = runs.find((run) => run.status !== 0)?.status ?? (isStopped ? 1 : 0);
  // A run that found nothing to test has shown nothing.
  process.exitCode = status === 0 && passed + failed === 0 ? 1 : status;
}

/** A suite that could not run counts as one failure, and so does whatever else made jest fail. */
function countTests({ status, results }) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function readResults(outputFile) {
  try {
    return JSON.parse(readFileSync(outputFile, "utf8"));
  } catch {
    return {
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      numRuntimeErrorTestSuites: 0,
      testResults: [],
    };
  }
}
