import type { RunOutcome, RunReport } from "#sync/report/report.ts";
import { type PutObject, readObject } from "../../../scripts/story/actions.ts";
import { until } from "../../../scripts/story/until.ts";
import type { World } from "../../../scripts/story/world.ts";

const REPORT_TIMEOUT_MS = 150_000;

/** Waits for a run that settles a version quietly, which no message tells. */
export async function reported(
  world: World,
  { key, version }: PutObject,
  outcome: RunOutcome,
): Promise<void> {
  const [, owner] = key.split("/");
  await until(`a report in which ${version} is ${outcome}`, REPORT_TIMEOUT_MS, async () => {
    const latest = JSON.parse(await readObject(world, `runs/${owner}/latest.json`)) as RunReport;
    const found = latest.manifests.find(({ version_id }) => version_id === version);
    return found?.outcome === outcome ? true : undefined;
  });
}
