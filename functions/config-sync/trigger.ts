import * as z from "zod";
import { isManifestKey, ownerOfKey, POLICY_KEY } from "#sync/manifest-source.ts";
import { PREVIEW_PREFIX } from "#sync/preview/preview-keys.ts";
import { readBody } from "../read-body.ts";

/** What an event means to the worker: only where to look, never what is true. */
export type Trigger =
  | { readonly look: "owner"; readonly owner: string; readonly put: Put }
  | { readonly look: "policy"; readonly put: Put }
  | { readonly look: "preview"; readonly put: Put }
  | { readonly look: "approval"; readonly checksum: string; readonly put: Put }
  | { readonly look: "pending" | "drift" | "nothing" };

/** An object that was put. */
export interface Put {
  readonly key: string;
  /** AWS account or service; S3 tells no more in an event. */
  readonly by?: string | undefined;
}

const APPROVAL_KEY = /^approvals\/([0-9a-f]{64})$/;

/** The parts that we rely on of EventBridge's "Object Created" event, in which the key is raw. */
const bodySchema = z.union([
  z.object({ look: z.enum(["pending", "drift"]) }),
  z.object({
    source: z.literal("aws.s3"),
    detail: z.object({
      object: z.object({ key: z.string().min(1) }),
      requester: z.string().optional(),
    }),
  }),
]);

/** Throws an `InvariantError` for a message that no rule of ours can have sent. */
export function readTrigger(body: string): Trigger {
  const message = readBody(bodySchema, body, "an event of the bucket");
  if ("look" in message) return message;
  const { object, requester: by } = message.detail;
  return triggerOf({ key: object.key, by });
}

function triggerOf(put: Put): Trigger {
  const { key } = put;
  if (key === POLICY_KEY) return { look: "policy", put };
  if (isManifestKey(key)) return { look: "owner", owner: ownerOfKey(key), put };
  if (key.startsWith(PREVIEW_PREFIX) && !key.endsWith("/")) return { look: "preview", put };
  const [, checksum] = APPROVAL_KEY.exec(key) ?? [];
  return checksum === undefined ? { look: "nothing" } : { look: "approval", checksum, put };
}
