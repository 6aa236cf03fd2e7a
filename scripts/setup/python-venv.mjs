import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runStep } from "./run-step.mjs";

/** What `python3` is may be too old while a newer one lies beside it. */
const CANDIDATES = ["python3", "python", "python3.13", "python3.12", "python3.11", "python3.10"];
/** ensurepip is what Debian splits off into python3-venv: venv alone imports fine without it. */
const PROBE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

/** An environment of its own: where it lies, what it is made from, and what its user is told. */
const MAIN = {
  folder: ".local/venv",
  requirements: "requirements.txt",
  constraints: "constraints.txt",
  what: "MLflow and a local AWS",
};

/** Of another MLflow server than the main one; undefined where that lives in the main one. */
export function mlflowEnvironment(root, version) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`--mlflow must be a version such as 3.11.1, got ${version}`);
  }
  const requirements = `requirements-mlflow-${version}.txt`;
  if (!existsSync(path.join(root, "scripts", requirements))) return undefined;
  return {
    folder: `.local/venv-mlflow-${version}`,
    requirements,
    constraints: `constraints-mlflow-${version}.txt`,
    what: `MLflow ${version}`,
  };
}

/**
 * The stamp is written last, so a half-made environment has none. It names the folder too:
 * an environment cannot be moved, since its scripts hold absolute paths.
 */
export function isVenvFresh(root, environment = MAIN) {
  const venv = path.join(root, environment.folder);
  const stamp = stampFile(venv);
  return (
    existsSync(pythonOf(venv)) &&
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === stampOf(root, environment)
  );
}

export async function makeVenv(root, environment = MAIN) {
  const { folder, requirements, constraints, what } = environment;
  const venv = path.join(root, folder);
  const python = findPython();
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(path.dirname(venv), { recursive: true });
  await runStep(`making a Python environment in ${folder}`, python, ["-m", "venv", venv], {
    cwd: root,
  });
  const install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"];
  const files = ["-r", `scripts/${requirements}`, "-c", `scripts/${constraints}`];
  const label = `installing ${what} into it (about 900 MB)`;
  await runStep(label, pythonOf(venv), [...install, ...files], { cwd: root });
  writeFileSync(stampFile(venv), stampOf(root, environment));
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

function stampOf(root, { folder, requirements, constraints }) {
  const hash = createHash("sha256");
  for (const file of [requirements, constraints]) {
    hash.update(readFileSync(path.join(root, "scripts", file)));
  }
  return `${hash.digest("hex")} ${path.join(root, folder)}\n`;
}

function stampFile(venv) {
  return path.join(venv, ".gateway-ops-stamp");
}

function pythonOf(venv) {
  return path.join(venv, "bin/python");
}
