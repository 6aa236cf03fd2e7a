import * as z from "zod";
import { SettingsError } from "./errors.ts";

/**
 * Reads settings from the environment: the only place that does. Names are `GATEWAY_OPS_*`;
 * throws {@link SettingsError} naming every variable that is missing or malformed.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.infer<z.ZodObject<Shape>> {
  const result = z.object(shape).safeParse(environment);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new SettingsError(`the environment is incomplete: ${problems.join("; ")}`, {
    cause: result.error,
  });
}
