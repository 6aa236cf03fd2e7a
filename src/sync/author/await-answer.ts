import { PLAN_VERSION } from "#reconcile/plan/document.ts";
import type { PlainClock } from "#runtime/clock.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { checkVersion, statedVersion } from "#runtime/version.ts";
import { type OwnerFile, textOf } from "#sync/owner-file.ts";
import type { AuthorBucket, PutVersion } from "./author-bucket.ts";

export interface AuthorDependencies {
  readonly bucket: AuthorBucket;
  readonly clock: PlainClock;
}

export interface Wait {
  readonly timeoutMs: number;
  /** Ends the wait. @default only time does */
  readonly signal?: AbortSignal | undefined;
  /** Called before each further look. */
  readonly onWait?: ((waitedMs: number) => void) | undefined;
}

/** The workers said nothing in time. */
class NoAnswerError extends GatewayOpsError {
  override readonly name = "NoAnswerError";
  readonly code = "no-answer";
  readonly disposition = "retry";
}

/** Somebody wants to wait no longer. */
class StoppedError extends GatewayOpsError {
  override readonly name = "StoppedError";
  readonly code = "stopped";
  readonly disposition = "retry";
}

/** Somebody else put a newer version meanwhile. */
class ReplacedError extends GatewayOpsError {
  override readonly name = "ReplacedError";
  readonly code = "replaced";
  readonly disposition = "reject";
}

const LOOK_EVERY_MS = 1_000;

/** A document that a worker writes. */
interface Awaited<Document, Answer> {
  readonly key: string;
  /** What was put: the answer must be to exactly these versions. */
  readonly puts: readonly PutVersion[];
  /** Undefined for a document that does not tell of them. */
  readonly answerIn: (document: Document) => Answer | undefined;
}

/**
 * Looks again and again until a document of the bucket tells of what was put. Throws
 * {@link NoAnswerError} when time is over, {@link StoppedError} when the signal aborts, and
 * {@link ReplacedError} as soon as nobody will tell.
 */
export async function awaitAnswer<Document, Answer>(
  { bucket, clock }: AuthorDependencies,
  { timeoutMs, signal, onWait }: Wait,
  { key, puts, answerIn }: Awaited<Document, Answer>,
): Promise<Answer> {
  const startedMs = clock.nowMs();
  let seen: string | undefined;
  for (;;) {
    const file = await bucket.read(key);
    if (typeof file !== "string" && file.version_id !== seen) {
      seen = file.version_id;
      const answer = answerIn(documentIn<Document>(file));
      if (answer !== undefined) return answer;
      await checkNewest(bucket, puts);
    }
    const waitedMs = clock.nowMs() - startedMs;
    if (waitedMs + LOOK_EVERY_MS > timeoutMs) {
      throw new NoAnswerError(noAnswer(bucket, key, timeoutMs, file === "denied"));
    }
    onWait?.(waitedMs);
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal?.aborted) throw new StoppedError(stopped(bucket, key));
  }
}

/** Throws for what a later release wrote. */
export function documentIn<Document>({ name, ...file }: OwnerFile): Document {
  const document = JSON.parse(textOf(file)) as Document;
  checkVersion(name, statedVersion(document), PLAN_VERSION);
  return document;
}

/** A worker reads what is newest: of a version that was replaced before it looked nobody tells. */
async function checkNewest(bucket: AuthorBucket, puts: readonly PutVersion[]): Promise<void> {
  for (const { key, version_id } of puts) {
    const newest = await bucket.read(key);
    if (typeof newest === "string" || newest.version_id === version_id) continue;
    throw new ReplacedError(
      `${key} was replaced meanwhile: its newest version is ${newest.version_id}, and what was put here was ${version_id}`,
    );
  }
}

function stopped({ name }: AuthorBucket, key: string): string {
  return `nobody waits for the answer any more: the workers work on what was put all the same, and write ${key} in the bucket ${name}`;
}

function noAnswer(bucket: AuthorBucket, key: string, timeoutMs: number, isDenied: boolean): string {
  const denied = isDenied
    ? ` Reading it is denied, as of what is not there yet; it takes the right s3:GetObject on ${bucket.name}/${key}.`
    : "";
  return (
    `${key} in the bucket ${bucket.name} says nothing of it after ${timeoutMs / 1000} s.${denied} ` +
    "The workers may be busy, or were deployed minutes ago and hear of no puts yet; their operations " +
    "messages say what is wrong. --timeout waits longer"
  );
}
