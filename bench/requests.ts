import { fullSizes, manifestOf } from "./dataset.ts";
import type { Measurement, Row, Settings } from "./measurement.ts";
import { oursOn, type SentRequest } from "./ours.ts";
import type { BenchServer } from "./server.ts";

/** Asked once in the life of a process. */
const PROBES = new Set(["getVersion", "getCurrentUser"]);
const TARGET = { bound: "at most", value: 1 } as const;
const LISTS = 5;

/** The requests of a sync that finds nothing to do must not grow with what it looks at. */
export const requests: Measurement = {
  name: "requests",
  summary: "requests of a sync that finds nothing to do, of 10 and of 1,000 endpoints",
  async run(settings, servers) {
    return servers.withServer(1, async (server) => {
      const rows: Row[] = [];
      for (const count of [10, fullSizes(settings.shrink).endpoints]) {
        rows.push(await countOf(server, count, settings));
      }
      return rows;
    });
  },
};

async function countOf(server: BenchServer, count: number, { say }: Settings): Promise<Row> {
  await server.clear();
  const manifest = manifestOf({ secrets: 2, modelDefinitions: count, endpoints: count });
  const text = JSON.stringify(manifest);
  const ours = oursOn(server);
  say(`applying ${count} endpoints`);
  await ours.applyAll(text);
  const { requests: sent } = await ours.planNoop(text);
  const lists = sent.filter(({ operation }) => !PROBES.has(operation));
  return {
    what: `requests of a sync without changes, ${count} endpoints`,
    ours: describe(sent),
    baseline: `${LISTS} lists`,
    ratio: lists.length / LISTS,
    target: TARGET,
    n: 1,
  };
}

function describe(sent: readonly SentRequest[]): string {
  const probes = sent.filter(({ operation }) => PROBES.has(operation)).length;
  return `${sent.length - probes}${probes > 0 ? ` and ${probes} for the login` : ""}`;
}
