import { GatewayOpsError } from "#runtime/errors.ts";
import { resultFolder } from "#sync/manifest-source.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import type { RunReport } from "#sync/report/report.ts";
import type { AuthorBucket, PutVersion } from "./author-bucket.ts";
import { type AuthorDependencies, awaitAnswer, documentIn, type Wait } from "./await-answer.ts";

export interface PushedFile extends PutVersion {
  /** False: the bucket holds the same already, in this version. */
  readonly is_put: boolean;
}

/** Some files were put, and one could not be. */
class PushError extends GatewayOpsError {
  override readonly name = "PushError";
  readonly code = "push";
  readonly disposition = "retry";
}

/**
 * Puts files under the names that they go by, but for those that the bucket holds already. All are
 * compared before the first is put; files that are not given stay as they are.
 */
export async function pushFiles(
  bucket: AuthorBucket,
  files: readonly OwnerFile[],
  { isForced }: { readonly isForced: boolean },
): Promise<PushedFile[]> {
  const known: (string | undefined)[] = [];
  for (const file of files) known.push(isForced ? undefined : await sameVersion(bucket, file));
  const pushed: PushedFile[] = [];
  for (const [index, { name: key, content }] of files.entries()) {
    const same = known[index];
    const version_id = same ?? (await put(bucket, key, content, pushed));
    pushed.push({ key, version_id, is_put: same === undefined });
  }
  return pushed;
}

/** The newest version, if it has the same content. */
async function sameVersion(
  bucket: AuthorBucket,
  { name, content }: OwnerFile,
): Promise<string | undefined> {
  const newest = await bucket.read(name);
  if (typeof newest === "string") return undefined;
  return Buffer.from(newest.content).equals(Buffer.from(content)) ? newest.version_id : undefined;
}

async function put(
  bucket: AuthorBucket,
  key: string,
  content: OwnerFile["content"],
  pushed: readonly PushedFile[],
): Promise<string> {
  try {
    return await bucket.put(key, content);
  } catch (error) {
    const before = pushed.filter(({ is_put }) => is_put).map((file) => file.key);
    if (before.length === 0 || !(error instanceof GatewayOpsError)) throw error;
    throw new PushError(
      `${error.message}; put before it, and applied by the workers: ${before.join(", ")}`,
      { cause: error },
    );
  }
}

/** Where the newest report of an owner lies, as a copy. */
export function latestReportKey(owner: string): string {
  return `runs/${resultFolder(owner)}/latest.json`;
}

/**
 * The report of the run that settled all that was put, be it for good or until the schedule tries
 * again.
 */
export function awaitRun(
  dependencies: AuthorDependencies,
  owner: string,
  pushed: readonly PushedFile[],
  wait: Wait,
): Promise<RunReport> {
  const key = latestReportKey(owner);
  const answerIn = (report: RunReport) => (tellsOf(report, pushed) ? report : undefined);
  return awaitAnswer(dependencies, wait, { key, puts: pushed, answerIn });
}

/** The newest report, if it tells of these versions: of what is not put again no run follows. */
export async function lastRun(
  bucket: AuthorBucket,
  owner: string,
  pushed: readonly PushedFile[],
): Promise<RunReport | undefined> {
  const newest = await bucket.read(latestReportKey(owner));
  if (typeof newest === "string") return undefined;
  const report = documentIn<RunReport>(newest);
  return tellsOf(report, pushed) ? report : undefined;
}

function tellsOf({ manifests }: RunReport, pushed: readonly PushedFile[]): boolean {
  return pushed.every(({ key, version_id }) =>
    manifests.some(
      (one) => one.key === key && one.version_id === version_id && one.outcome !== "retrying",
    ),
  );
}
