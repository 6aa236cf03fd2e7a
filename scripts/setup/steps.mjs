import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { installWheel, isWheelFresh } from "./mlflow-wheel.mjs";
import { areNodeModulesFresh, installNodeModules } from "./node-modules.mjs";
import { isVenvFresh, makeVenv, mlflowEnvironment } from "./python-venv.mjs";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const LOCK_FILE = path.join(ROOT, ".local/setup.lock");
const LOCK_POLL_MS = 500;
/** Between creating the lock file and writing the id into it a few milliseconds may pass. */
const EMPTY_LOCK_MS = 10_000;

/**
 * Installs what is missing: 1. the node modules of the lock file, 2. the Python environment; or,
 * given `mlflowVersion`, nothing but what that other server needs.
 * Silent and quick when nothing is missing; a second set-up at the same time waits for the first.
 */
export async function setUp({ nodeOnly, mlflowVersion }) {
  const steps = [];
  if (mlflowVersion === undefined) {
    steps.push({ isDone: areNodeModulesFresh, run: installNodeModules });
  }
  if (!nodeOnly) {
    const environment = mlflowVersion && mlflowEnvironment(ROOT, mlflowVersion);
    steps.push({
      isDone: (root) => isVenvFresh(root, environment),
      run: (root) => makeVenv(root, environment),
    });
    if (mlflowVersion !== undefined && environment === undefined) {
      steps.push({
        isDone: (root) => isWheelFresh(root, mlflowVersion),
        run: (root) => installWheel(root, mlflowVersion),
      });
    }
  }
  if (steps.every((step) => step.isDone(ROOT))) {
    return;
  }
  await takeLock();
  try {
    for (const step of steps) {
      if (!step.isDone(ROOT)) {
        await step.run(ROOT);
      }
    }
  } finally {
    rmSync(LOCK_FILE, { force: true });
  }
}

async function takeLock() {
  mkdirSync(path.dirname(LOCK_FILE), { recursive: true });
  let hasSaid = false;
  while (!tryLock()) {
    const holder = lockHolder();
    if (holder === undefined) {
      rmSync(LOCK_FILE, { force: true });
      continue;
    }
    if (!hasSaid) {
      console.error(`another set-up (process ${holder}) is at work, waiting for it ...`);
      hasSaid = true;
    }
    await sleep(LOCK_POLL_MS);
  }
}

function tryLock() {
  try {
    writeFileSync(LOCK_FILE, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") {
      return false;
    }
    throw error;
  }
}

/** The process that holds the lock, or undefined when it is gone (killed before it could unlock). */
function lockHolder() {
  if (!existsSync(LOCK_FILE)) {
    return undefined;
  }
  try {
    const pid = Number(readFileSync(LOCK_FILE, "utf8"));
    if (pid > 0) {
      process.kill(pid, 0);
      return pid;
    }
    return Date.now() - statSync(LOCK_FILE).mtimeMs < EMPTY_LOCK_MS ? "starting" : undefined;
  } catch (error) {
    return error.code === "EPERM" ? "of another user" : undefined;
  }
}
