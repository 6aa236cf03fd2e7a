import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

export const projectFolder = path.resolve(import.meta.dirname, "../..");
export const venvBin = path.join(projectFolder, ".local/venv/bin");

/** Where scripts/setup.mjs puts a server with dependencies of its own. */
export function mlflowBin(version: string): string {
  return path.join(projectFolder, `.local/venv-mlflow-${version}/bin`);
}

/** Where it puts one that runs beside the dependencies of the main one. */
export function mlflowWheel(version: string): string {
  return path.join(projectFolder, `.local/mlflow-${version}`);
}

const RUNS = path.join(projectFolder, ".local/run");
const OWNER_FILE = "owner.pid";
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * A folder of its own for one server or one deploy. It stays after the run, so that the logs of a
 * failure can be read; those older than a day are removed when the next one is made.
 */
export function makeRunFolder(name: string): string {
  mkdirSync(RUNS, { recursive: true });
  for (const entry of readdirSync(RUNS)) {
    const folder = path.join(RUNS, entry);
    if (isOld(folder) && !isInUse(folder)) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const folder = mkdtempSync(path.join(RUNS, `${name}-`));
  writeFileSync(path.join(folder, OWNER_FILE), String(process.pid));
  return folder;
}

function isOld(folder: string): boolean {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > KEPT_MS;
}

/** A demo may be left running for days. */
function isInUse(folder: string): boolean {
  try {
    return process.kill(Number(readFileSync(path.join(folder, OWNER_FILE), "utf8")), 0);
  } catch {
    return false;
  }
}
