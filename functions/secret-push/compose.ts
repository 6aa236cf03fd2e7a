import { readSettings } from "#runtime/settings.ts";
import type { PushDependencies } from "#secrets/push.ts";
import { SECRET_WRITER_SETTINGS, secretWriter } from "../secret-writer.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const { tools, parts } = secretWriter(readSettings(SECRET_WRITER_SETTINGS));
  return { tools, dependencies: (runId: string): PushDependencies => ({ ...parts, runId }) };
}
