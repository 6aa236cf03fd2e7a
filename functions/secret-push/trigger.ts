import * as z from "zod";
import type { PushTrigger } from "#secrets/push-changed.ts";
import { readBody } from "../read-body.ts";

/** The parts that we rely on of Secrets Manager's "Secret Label Updated" event. */
const bodySchema = z.union([
  z.object({ look: z.literal("pending") }),
  z.object({
    source: z.literal("aws.secretsmanager"),
    resources: z.tuple([z.string().startsWith("arn:")], z.string()),
    detail: z.object({ versionId: z.string().min(1) }),
  }),
]);

/** Throws an `InvariantError` for a message that no rule of ours can have sent. */
export function readTrigger(body: string): PushTrigger {
  const message = readBody(bodySchema, body, "an event of a secret");
  if ("look" in message) return message;
  return { sourceArn: message.resources[0], versionId: message.detail.versionId };
}
