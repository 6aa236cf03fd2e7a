import { fullSizes, manifestOf } from "./dataset.ts";
import type { Measurement } from "./measurement.ts";
import { oursOn } from "./ours.ts";
import { type RawRequest, sendAll } from "./raw.ts";
import { median, medianRatio, roundRobin, timed } from "./rounds.ts";

const WORKERS = 4;
const TARGET = { bound: "at most", value: 1.1 } as const;

/** Everything that a plan has to know; each list is complete. */
const LISTS: readonly RawRequest[] = [
  "endpoints/list",
  "secrets/list",
  "model-definitions/list",
  "endpoints/bindings/list",
  "budgets/list?max_results=1000",
].map((path) => ({ method: "GET", path }));

/** What our side adds to the time that the server needs to answer. */
export const noopPlan: Measurement = {
  name: "noop-plan",
  summary: "time of a plan that finds nothing to do against the server's own time for its lists",
  async run({ rounds, shrink, say }, servers) {
    return servers.withServer(WORKERS, async (server) => {
      const text = JSON.stringify(manifestOf(fullSizes(shrink)));
      const ours = oursOn(server);
      say("applying what is then planned again");
      await ours.applyAll(text);
      const lists = () =>
        timed(() => sendAll(server, LISTS, { concurrency: LISTS.length, connections: "fresh" }));
      const plan = () => ours.planNoop(text);
      // The first run of each warms the code and every worker up.
      await Promise.all([plan(), lists(), lists(), lists(), lists()]);
      say("planning");
      const { plans, raw } = await roundRobin(rounds * 2 - 1, {
        plans: plan,
        raw: lists,
      });
      const count = fullSizes(shrink).endpoints;
      return [
        {
          what: `plan without changes, ${count} endpoints, ${WORKERS} workers: time`,
          ours: shown(plans.map(({ ms }) => ms)),
          baseline: `${shown(raw.map(({ ms }) => ms))} (5 raw lists at once)`,
          ratio: medianRatio(
            plans.map(({ ms }) => ms),
            raw.map(({ ms }) => ms),
          ),
          target: TARGET,
          n: plans.length,
        },
        {
          what: "the same: CPU of the client",
          ours: shown(plans.map(({ cpuMs }) => cpuMs)),
          baseline: `${shown(raw.map(({ cpuMs }) => cpuMs))} (answers not read)`,
          n: plans.length,
        },
      ];
    });
  },
};

function shown(timesMs: readonly number[]): string {
  return `${Math.round(median(timesMs))} ms`;
}
