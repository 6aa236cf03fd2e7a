import * as z from "zod";
import { InvariantError } from "#runtime/assert.ts";
import type { PushTrigger } from "#secrets/push-changed.ts";

/** The parts that we rely on of Secrets Manager's "Secret Label Updated" event. */
const bodySchema = z.union([
  z.object({ look: z.literal("pending") }),
  z.object({
    source: z.literal("aws.secretsmanager"),
    resources: z.tuple([z.string().startsWith("arn:")], z.string()),
    detail: z.object({ versionId: z.string().min(1) }),
  }),
]);

/** Throws {@link InvariantError} for a message that no rule of ours can have sent. */
export function readTrigger(body: string): PushTrigger {
  const parsed = bodySchema.safeParse(JSON.parse(body));
  if (!parsed.success) {
    throw new InvariantError("the message is neither an event of a secret nor a schedule's", {
      cause: parsed.error,
    });
  }
  if ("look" in parsed.data) return parsed.data;
  return { sourceArn: parsed.data.resources[0], versionId: parsed.data.detail.versionId };
}
