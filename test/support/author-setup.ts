import type { Clock } from "#runtime/clock.ts";
import type { AuthorBucket } from "#sync/author/author-bucket.ts";
import { latestReportKey } from "#sync/author/push-files.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { previewPlan } from "#sync/preview/preview.ts";
import { PREVIEW_PREFIX } from "#sync/preview/preview-keys.ts";
import { ExpectedError } from "./builders.ts";
import { syncRuns } from "./sync-setup.ts";

/**
 * A stack in memory, of which an author has the bucket. Its workers see a put only when somebody
 * waits, as they need a while.
 */
export function authorSetup(settings: Parameters<typeof syncRuns>[0] = {}) {
  const runs = syncRuns(settings);
  const { bucket, clock, nextRun, sync } = runs;
  const events: string[] = [];
  const puts: string[] = [];
  const denied = new Set<string>();
  /** Whether the workers hear of puts, and whether S3 tells what is not there. */
  const state = { isDeaf: false, mayList: true };

  /** The queue hands out one event after the other. */
  let queue = Promise.resolve();
  const work = (): Promise<void> => {
    for (const key of events.splice(0)) {
      queue = queue.then(async () => {
        if (key.startsWith(PREVIEW_PREFIX)) await previewPlan(nextRun(), key, { isLast: true });
        else await sync({ isLast: true });
      });
    }
    return queue;
  };
  const readNow = async (key: string): Promise<OwnerFile | undefined> => {
    const name = key.replace(/[.]json$/, "");
    const { preview } = bucket.previews.get(name) ?? {};
    const document =
      preview ?? (key === latestReportKey("search") ? bucket.reports.at(-1) : undefined);
    if (!document) return bucket.readNewest(key);
    const content = JSON.stringify(document);
    return { name: key, version_id: content, content };
  };
  const author: AuthorBucket = {
    name: "the-bucket",
    read: async (key) => (await readNow(key)) ?? (state.mayList ? "absent" : "denied"),
    put: async (key, content) => {
      if (denied.has(key)) throw new ExpectedError("reject", `putting ${key} is denied`);
      puts.push(key);
      events.push(key);
      return bucket.put(
        key,
        typeof content === "string" ? content : Buffer.from(content).toString(),
      );
    },
  };
  const waiting: Clock = {
    nowMs: () => clock.nowMs(),
    every: (intervalMs, act) => clock.every(intervalMs, act),
    sleep: async (durationMs: number) => {
      await clock.sleep(durationMs);
      if (!state.isDeaf) await work();
    },
  };
  return {
    ...runs,
    author,
    dependencies: { bucket: author, clock: waiting },
    puts,
    denied,
    state,
    work,
  };
}
