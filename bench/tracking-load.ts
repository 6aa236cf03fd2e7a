import { manifestOf } from "./dataset.ts";
import type { Measurement } from "./measurement.ts";
import { oursOn } from "./ours.ts";

const ENDPOINTS = 500;
const SLOWEST = { bound: "at most", value: 1 } as const;
const NONE = { bound: "at most", value: 0 } as const;
const SLOWEST_MS = 10_000;

/**
 * Each endpoint with usage tracking needs a second database connection while it is made: with 16
 * in flight a server with one worker dead-locks for 30 s and answers 400.
 */
export const trackingLoad: Measurement = {
  name: "tracking-load",
  summary: "500 endpoints with usage tracking on a server with one worker",
  async run({ shrink, say }, servers) {
    return servers.withServer(1, async (server) => {
      const endpoints = Math.round(ENDPOINTS / shrink);
      const sizes = { secrets: 1, modelDefinitions: 10, endpoints };
      say(`applying ${endpoints} endpoints with usage tracking`);
      const text = JSON.stringify(manifestOf(sizes, { usageTracking: true }));
      const { outcomes, requests, applyMs } = await oursOn(server).applyAll(text);
      const failed = outcomes.filter(({ outcome }) => outcome !== "applied").length;
      const refused = requests.filter(({ status = 0 }) => status >= 500 || status === 400).length;
      const slowestMs = Math.max(...requests.map(({ durationMs }) => durationMs));
      const what = `${endpoints} endpoints with usage tracking, 1 worker`;
      return [
        {
          what: `${what}: failed writes`,
          ours: `${failed} (${refused} requests refused)`,
          ...{ baseline: "0", ratio: failed, target: NONE, n: 1 },
        },
        {
          what: `${what}: slowest request`,
          ours: `${Math.round(slowestMs)} ms (all in ${(applyMs / 1000).toFixed(1)} s)`,
          ...{ baseline: "10 s", ratio: slowestMs / SLOWEST_MS, target: SLOWEST, n: 1 },
        },
      ];
    });
  },
};
