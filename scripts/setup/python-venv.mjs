import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runStep } from "./run-step.mjs";

/** What `python3` is may be too old while a newer one lies beside it. */
const CANDIDATES = ["python3", "python", "python3.13", "python3.12", "python3.11", "python3.10"];
/** ensurepip is what Debian splits off into python3-venv: venv alone imports fine without it. */
const PROBE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

/**
 * The stamp is written last, so a half-made environment has none. It names the folder too:
 * an environment cannot be moved, since its scripts hold absolute paths.
 */
export function isVenvFresh(root) {
  const venv = venvFolder(root);
  const stamp = stampFile(venv);
  return (
    existsSync(pythonOf(venv)) && existsSync(stamp) && readFileSync(stamp, "utf8") === stampOf(root)
  );
}

export async function makeVenv(root) {
  const venv = venvFolder(root);
  const python = findPython();
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(path.dirname(venv), { recursive: true });
  await runStep("making a Python environment in .local/venv", python, ["-m", "venv", venv], {
    cwd: root,
  });
  const install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"];
  const what = ["-r", "scripts/requirements.txt", "-c", "scripts/constraints.txt"];
  const label = "installing MLflow and a local AWS into it (about 900 MB)";
  await runStep(label, pythonOf(venv), [...install, ...what], { cwd: root });
  writeFileSync(stampFile(venv), stampOf(root));
}

function findPython() {
  const chosen = process.env.GATEWAY_OPS_PYTHON;
  const candidates = chosen === undefined || chosen === "" ? CANDIDATES : [chosen];
  const python = candidates.find((name) => spawnSync(name, ["-c", PROBE]).status === 0);
  if (python === undefined) {
    throw new Error(
      candidates === CANDIDATES
        ? "Python 3.10 or newer with the venv module is needed: install python3 and python3-venv, or set GATEWAY_OPS_PYTHON to its path."
        : `Python 3.10 or newer with the venv module is needed, and GATEWAY_OPS_PYTHON (${chosen}) is not one.`,
    );
  }
  return python;
}

function stampOf(root) {
  const hash = createHash("sha256");
  for (const file of ["requirements.txt", "constraints.txt"]) {
    hash.update(readFileSync(path.join(root, "scripts", file)));
  }
  return `${hash.digest("hex")} ${venvFolder(root)}\n`;
}

function venvFolder(root) {
  return path.join(root, ".local/venv");
}

function stampFile(venv) {
  return path.join(venv, ".gateway-ops-stamp");
}

function pythonOf(venv) {
  return path.join(venv, "bin/python");
}
