import type { AuthorDependencies, Wait } from "#sync/author/await-answer.ts";
import type { GwopsContext } from "./context.ts";
import {
  type AskedOf,
  type BucketFlags,
  type RulesFlags,
  TIMEOUT_SECONDS_DEFAULT,
} from "./input/flags.ts";
import { waitingOf } from "./output/progress.ts";
import { type OwnerParts, readByOwner } from "./owners.ts";
import { UsageError } from "./usage-error.ts";

/** The bucket that the flags name, for commands that speak with no gateway. */
export async function authorOf(
  context: GwopsContext,
  { stack, bucket }: BucketFlags,
): Promise<AuthorDependencies> {
  if ((stack === undefined) === (bucket === undefined)) {
    throw new UsageError("say which bucket: --stack NAME, or --bucket NAME, and not both");
  }
  const place = bucket === undefined ? { stack: stack ?? "" } : { bucket };
  return { bucket: await context.openBucket(place), clock: context.clock };
}

/** The files that the arguments name, by owner, under the keys that they have in a bucket. */
export async function readForBucket<Flags extends AskedOf<RulesFlags> & BucketFlags>(
  context: GwopsContext,
  asked: Flags,
  argumentList: readonly string[],
): Promise<OwnerParts<Flags>> {
  const stack = asked.stack ?? asked.bucket;
  const named = await readByOwner(context, { ...asked, stack }, argumentList);
  const parts = named.parts.map(({ flags: { owner }, files }) => {
    return { flags: { ...asked, owner }, files };
  });
  return { ...named, parts };
}

/** Waits as long as the flags say, and tells on stderr for what. */
export async function waiting<R>(
  context: GwopsContext,
  { timeout = TIMEOUT_SECONDS_DEFAULT }: BucketFlags,
  what: string,
  work: (wait: Wait) => Promise<R>,
): Promise<R> {
  const progress = waitingOf(context, what);
  const signal = context.onInterrupt();
  try {
    return await work({ timeoutMs: timeout * 1000, signal, onWait: progress.onWait });
  } finally {
    progress.end();
  }
}

/** How whoever may approve plans of a stack does it. */
export function approvalIn(bucket: string) {
  return (checksum: string) =>
    `aws s3api put-object --bucket ${bucket} --key approvals/${checksum}, by whoever may approve plans`;
}
