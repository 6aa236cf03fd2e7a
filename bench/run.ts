import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { projectFolder, venvBin } from "../scripts/local/folders.ts";
import { stopAll } from "../scripts/local/processes.ts";
import { apply } from "./apply.ts";
import { hostile } from "./hostile.ts";
import type { Measurement, Row, Settings } from "./measurement.ts";
import { noopPlan } from "./noop-plan.ts";
import { pure } from "./pure.ts";
import { requests } from "./requests.ts";
import { benchServers } from "./server.ts";
import { computer, textTable, writeTable } from "./table.ts";
import { trackingLoad } from "./tracking-load.ts";

const MEASUREMENTS: readonly Measurement[] = [
  requests,
  pure,
  noopPlan,
  trackingLoad,
  apply,
  hostile,
];
const DOCUMENT = path.join(projectFolder, "docs/performance.md");

const FULL = { rounds: 3, shrink: 1 };
const QUICK = { rounds: 1, shrink: 10 };

const HELP = `npm run bench [-- flags]

Measures this project against baselines in the same run, prints a table of ratios and, after a full
run, writes it to docs/performance.md, that of the bombs after each run of them. A ratio that misses its target does not fail the run.

  --only NAME  one of the measurements below; may be repeated
  --quick      a tenth of the sizes and one round: shows that it works, its numbers mean little
  --help       this text

${MEASUREMENTS.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`).join("\n")}
`;

await main();

async function main(): Promise<void> {
  const flags = readFlags();
  if (flags === undefined) return;
  const folder = mkdtempSync(path.join(tmpdir(), "gateway-ops-bench-"));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void stopAll().finally(() => process.exit(1)));
  }
  process.once("exit", removeFolder);
  const settings: Settings = { ...(flags.quick ? QUICK : FULL), say };
  const chosen = MEASUREMENTS.filter(({ name }) => flags.only?.includes(name) ?? true);
  const [ratios, bombs]: [Row[], Row[]] = [[], []];
  for (const measurement of chosen) {
    say(`${measurement.name}: ${measurement.summary}`);
    const rows = measurement === hostile ? bombs : ratios;
    rows.push(...(await measurement.run(settings, benchServers(folder))));
  }
  const versions = pythonVersions();
  print(`\n${computer(versions)}\n\n${textTable([...ratios, ...bombs])}`);
  if (flags.quick) return;
  if (bombs.length > 0) write("bombs", bombs, versions);
  if (flags.only === undefined) write("bench", ratios, versions);
}

function write(name: string, rows: readonly Row[], versions: readonly string[]): void {
  writeTable(DOCUMENT, name, rows, versions);
  print(`\nthe table "${name}" is written to ${path.relative(process.cwd(), DOCUMENT)}`);
}

/** Undefined when there is nothing to measure: help was asked for, or the flags are wrong. */
function readFlags(): { quick?: boolean; only?: string[] } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true },
        quick: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    const names = MEASUREMENTS.map(({ name }) => name);
    const unknown = values.only?.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new Error(`--only ${unknown}: must be one of ${names.join(", ")}`);
    }
    if (!values.help) return values;
    print(HELP);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
  return undefined;
}

function pythonVersions(): string[] {
  const script =
    "import mlflow.version, platform; print(platform.python_version(), mlflow.version.VERSION)";
  const output = execFileSync(path.join(venvBin, "python"), ["-c", script], { encoding: "utf8" });
  const [python, mlflow] = output.trim().split(" ");
  return [`Python ${python}`, `MLflow ${mlflow} on SQLite`];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What is going on is for people who wait; the table is the output. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
