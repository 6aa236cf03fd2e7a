import * as z from "zod";
import { ROTATION_STEPS, type StepRequest } from "#rotation/run-step.ts";
import { InvariantError } from "#runtime/assert.ts";

/** Secrets Manager passes three fields that count; the schedule says what to look at. */
const triggerSchema = z.union([
  z.object({ look: z.literal("revocations") }),
  z.object({
    SecretId: z.string().min(1),
    ClientRequestToken: z.string().min(1),
    Step: z.enum(ROTATION_STEPS),
  }),
]);

/** Throws an `InvariantError` for what neither Secrets Manager nor our schedule can have sent. */
export function readTrigger(event: unknown): StepRequest | { readonly look: "revocations" } {
  const parsed = triggerSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new InvariantError("this is neither a step of a rotation nor a look of the schedule", {
    cause: parsed.error,
  });
}
