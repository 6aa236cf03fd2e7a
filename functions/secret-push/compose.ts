import { readSettings } from "#runtime/settings.ts";
import type { PushDependencies } from "#secrets/push.ts";
import { SECRET_WRITER_SETTINGS, secretWriter } from "../secret-writer.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const { tools, parts } = secretWriter(readSettings(SECRET_WRITER_SETTINGS));
  const dependencies: (...run: Parameters<typeof parts>) => PushDependencies = parts;
  return { tools, dependencies };
}
