import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MLFLOW_VERSIONS } from "../mlflow-versions.ts";

/**
 * Writes test/contract/descriptors/mlflow-<version>.json: the gateway operations as MLflow itself
 * describes them, from the protobuf descriptors in its Python packages. mlflow-skinny carries the
 * same descriptors as mlflow in a twentieth of the size, and needs none of its dependencies here;
 * where there is none of a version, the full package does.
 */

/** What the generated Python modules import. */
const PYTHON_PACKAGES = ["protobuf==7.36.2", "packaging==26.3", "opentelemetry-proto==1.45.2"];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DESCRIPTORS = path.join(ROOT, "test/contract/descriptors");
const WORK = path.join(ROOT, ".local/contract");
const VENV_PYTHON = path.join(WORK, "venv/bin/python");

function makeVenv(): void {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  const python = process.env.GATEWAY_OPS_PYTHON || "python3";
  execFileSync(python, ["-m", "venv", path.join(WORK, "venv")], { stdio: "inherit" });
  install(PYTHON_PACKAGES);
}

function dump(version: string): void {
  const folder = path.join(WORK, version);
  const options = ["--no-deps", "--target", folder];
  try {
    install([...options, `mlflow-skinny==${version}`], "pipe");
  } catch {
    console.log(`there is no mlflow-skinny ${version}: the whole mlflow it is`);
    install([...options, `mlflow==${version}`]);
  }
  const script = path.join(ROOT, "scripts/contract/dump.py");
  const json = execFileSync(VENV_PYTHON, [script, folder]);
  const file = path.join(DESCRIPTORS, `mlflow-${version}.json`);
  writeFileSync(file, json);
  console.log(`wrote ${path.relative(ROOT, file)}`);
}

function install(packages: readonly string[], stdio: "inherit" | "pipe" = "inherit"): void {
  const pip = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"];
  execFileSync(VENV_PYTHON, [...pip, ...packages], { stdio });
}

function format(): void {
  const biome = path.join(ROOT, "node_modules/.bin/biome");
  execFileSync(biome, ["format", "--write", DESCRIPTORS], { cwd: ROOT, stdio: "inherit" });
}

try {
  mkdirSync(DESCRIPTORS, { recursive: true });
  makeVenv();
  for (const version of MLFLOW_VERSIONS) dump(version);
  format();
} finally {
  rmSync(WORK, { recursive: true, force: true });
}
