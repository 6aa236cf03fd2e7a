import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { venvBin } from "../scripts/local/folders.ts";
import { cleanEnvironment } from "../scripts/local/processes.ts";

const SCRIPT = path.join(import.meta.dirname, "python_store.py");
const TIMEOUT_MS = 120_000;

const run = promisify(execFile);

/** One command of python_store.py; the times in its answer leave out Python's start. */
async function python<T>(command: string, request: object): Promise<T> {
  const { stdout } = await run(
    path.join(venvBin, "python"),
    ["-B", SCRIPT, command, JSON.stringify(request)],
    {
      timeout: TIMEOUT_MS,
      env: cleanEnvironment({ MLFLOW_DISABLE_TELEMETRY: "true", MLFLOW_TRACKING_URI: "" }),
    },
  );
  return JSON.parse(stdout) as T;
}

export interface StoreSizes {
  readonly secrets: number;
  readonly model_definitions: number;
  readonly endpoints: number;
}

/** Seconds that a loop over MLflow's own REST store takes, by kind of write. */
export function storeLoop(
  trackingUri: string,
  sizes: StoreSizes,
): Promise<Readonly<Record<"secret" | "model_definition" | "endpoint" | "tag", number>>> {
  return python("store", { tracking_uri: trackingUri, ...sizes });
}

/** Seconds of reading a YAML file with PyYAML's C loader, the median of some times. */
export async function yamlSeconds(file: string, times: number): Promise<number> {
  return (await python<{ seconds: number }>("yaml", { file, times })).seconds;
}

export async function clearDatabase(database: string): Promise<void> {
  await python("clear", { database });
}
