import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runStep } from "./run-step.mjs";

/**
 * A server whose wheel is published before the packages that it wants beside it: without them, in
 * a folder that Python looks into before the main environment, whose dependencies do for it.
 */
export function isWheelFresh(root, version) {
  const stamp = stampFile(root, version);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === version;
}

export async function installWheel(root, version) {
  const folder = folderOf(root, version);
  rmSync(folder, { recursive: true, force: true });
  const install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"];
  const what = ["--no-deps", "--target", folder, `mlflow==${version}`];
  const python = path.join(root, ".local/venv/bin/python");
  const label = `installing MLflow ${version} beside the dependencies of the main one`;
  await runStep(label, python, [...install, ...what], { cwd: root });
  writeFileSync(stampFile(root, version), version);
}

function folderOf(root, version) {
  return path.join(root, `.local/mlflow-${version}`);
}

function stampFile(root, version) {
  return path.join(folderOf(root, version), ".gateway-ops-stamp");
}
