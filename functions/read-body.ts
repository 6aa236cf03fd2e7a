import type * as z from "zod";
import { InvariantError } from "#runtime/assert.ts";

/** A message of a queue. Throws {@link InvariantError} for one that no rule of ours can have sent. */
export function readBody<T>(schema: z.ZodType<T>, body: string, expected: string): T {
  const parsed = schema.safeParse(JSON.parse(body));
  if (parsed.success) return parsed.data;
  throw new InvariantError(`the message is neither ${expected} nor a schedule's`, {
    cause: parsed.error,
  });
}
