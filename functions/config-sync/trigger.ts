import * as z from "zod";
import { InvariantError } from "#runtime/assert.ts";

/** What an event means to the worker: only where to look, never what is true. */
export type SyncTrigger = { readonly key: string } | { readonly lookAgain: true };

/** The parts that we rely on of EventBridge's "Object Created" event, in which the key is raw. */
const bodySchema = z.union([
  z.object({ lookAgain: z.literal(true) }),
  z.object({
    source: z.literal("aws.s3"),
    detail: z.object({ object: z.object({ key: z.string().min(1) }) }),
  }),
]);

/** Throws {@link InvariantError} for a message that no rule of ours can have sent. */
export function readTrigger(body: string): SyncTrigger {
  const parsed = bodySchema.safeParse(JSON.parse(body));
  if (!parsed.success) {
    throw new InvariantError("the message is neither an event of the bucket nor a schedule's", {
      cause: parsed.error,
    });
  }
  return "lookAgain" in parsed.data ? parsed.data : { key: parsed.data.detail.object.key };
}
