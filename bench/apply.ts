import { fullSizes, manifestOf, type Sizes } from "./dataset.ts";
import type { Measurement, Row, Settings } from "./measurement.ts";
import { type Applied, oursOn } from "./ours.ts";
import { type StoreSizes, storeLoop } from "./python.ts";
import type { RawLoop } from "./raw.ts";
import { type Rates, rawWrites, totalRate, writesOf } from "./raw-writes.ts";
import { median, medianRatio, roundRobin } from "./rounds.ts";
import type { BenchServer, BenchServers } from "./server.ts";

/** Enough of each kind to tell the loops apart; the slowest does 20 in a second. */
const SWEEP: Sizes = { secrets: 4, modelDefinitions: 40, endpoints: 40 };
const SWEEPS = 2;
/** So few writes can choose the wrong loop: the best ones are measured again, with many. */
const FINALISTS = 2;
const STORE: StoreSizes = { secrets: 4, model_definitions: 60, endpoints: 60 };

const LOOPS: readonly RawLoop[] = (["kept", "fresh"] as const).flatMap((connections) =>
  [1, 2, 4, 8, 16, 32].map((concurrency) => ({ connections, concurrency })),
);

const OF_RAW = { bound: "at least", value: 0.85 } as const;
/** By the number of server workers. */
const OF_STORE = {
  1: { bound: "at least", value: 1 },
  4: { bound: "at least", value: 8 },
} as const;

/**
 * Writes per second of a full apply, against the best of all raw loops on the same server, and
 * against a loop over MLflow's own Python store. The two best loops are chosen with few writes and
 * then measured in turn with ours; the better one of each round is the baseline. Usage tracking is off everywhere: with it raw loops of 16 and more
 * dead-lock a server with one worker.
 */
export const apply: Measurement = {
  name: "apply",
  summary:
    "full apply of 10 secrets, 1,000 model definitions and 1,000 endpoints on 1 and on 4 server workers",
  async run(settings, servers) {
    return [...(await onWorkers(1, settings, servers)), ...(await onWorkers(4, settings, servers))];
  },
};

interface Contenders {
  readonly ours: Applied;
  /** One for each finalist. */
  readonly raw: readonly number[];
  readonly store: Rates;
}

type Results = { readonly [K in keyof Contenders]: readonly Contenders[K][] };

async function onWorkers(
  workers: 1 | 4,
  { rounds, shrink, say }: Settings,
  servers: BenchServers,
): Promise<Row[]> {
  const sizes = fullSizes(shrink);
  const text = JSON.stringify(manifestOf(sizes));
  return servers.withServer(workers, async (server) => {
    const cleared = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
      say(`${workers} server worker${workers === 1 ? "" : "s"}: ${what}`);
      await server.clear();
      return run();
    };
    const finalists = await cleared("all raw loops", () =>
      bestLoops(server, writesOf(sizes), Math.min(SWEEPS, rounds)),
    );
    const results = await roundRobin<Contenders>(rounds, {
      ours: () => cleared("ours", () => oursOn(server).applyAll(text)),
      raw: () => cleared("best raw loops", () => rawRates(server, finalists, sizes)),
      store: () => cleared("Python store", () => storeRates(server)),
    });
    return rowsOf(workers, sizes, finalists, results);
  });
}

/** The loops that would write the whole fastest, going by the rates of each kind of write. */
async function bestLoops(server: BenchServer, writes: Rates, rounds: number): Promise<RawLoop[]> {
  // Each worker loads parts of MLflow only when it is first asked.
  await rawWrites(server, { connections: "fresh", concurrency: 8 }, SWEEP, "warm-up");
  let sweep = 0;
  const contenders = LOOPS.map((loop, index) => async () => {
    sweep += 1;
    return totalRate(writes, await rawWrites(server, loop, SWEEP, `sweep-${sweep}-${index}`));
  });
  const rates = await roundRobin<Record<string, number>>(
    rounds,
    Object.fromEntries(contenders.entries()),
  );
  return LOOPS.map((loop, index) => ({ loop, rate: median(rates[String(index)] ?? []) }))
    .sort((one, other) => other.rate - one.rate)
    .slice(0, FINALISTS)
    .map(({ loop }) => loop);
}

/** Together as many writes as ours: a rate does not need all of them. */
async function rawRates(
  server: BenchServer,
  finalists: readonly RawLoop[],
  { secrets, modelDefinitions, endpoints }: Sizes,
): Promise<number[]> {
  const half = (count: number): number => Math.max(1, Math.round(count / FINALISTS));
  const sizes = {
    ...{ secrets: half(secrets), modelDefinitions: half(modelDefinitions) },
    endpoints: half(endpoints),
  };
  const rates: number[] = [];
  for (const [index, loop] of finalists.entries()) {
    const byKind = await rawWrites(server, loop, sizes, `raw-${index}`);
    rates.push(totalRate(writesOf(sizes), byKind));
  }
  return rates;
}

async function storeRates(server: BenchServer): Promise<Rates> {
  const seconds = await storeLoop(server.trackingUri, STORE);
  const { secrets, model_definitions, endpoints } = STORE;
  return {
    secret: secrets / seconds.secret,
    model_definition: model_definitions / seconds.model_definition,
    endpoint: endpoints / seconds.endpoint,
    tag: endpoints / seconds.tag,
  };
}

function rowsOf(
  workers: 1 | 4,
  sizes: Sizes,
  finalists: readonly RawLoop[],
  results: Results,
): Row[] {
  const writes = writesOf(sizes);
  const total = Object.values(writes).reduce((sum, count) => sum + count, 0);
  const ours = results.ours.map(({ applyMs }) => (total / applyMs) * 1000);
  const raw = results.raw.map((rates) => Math.max(...rates));
  const loops = finalists.map(
    ({ connections, concurrency }) => `${connections} connections, ${concurrency} in flight`,
  );
  const store = results.store.map((rates) => totalRate(writes, rates));
  const seconds = median(results.ours.map(({ wholeMs }) => wholeMs / 1000));
  const what = `full apply, ${workers} worker${workers === 1 ? "" : "s"}`;
  const row = {
    ours: `${perSecond(ours)}; ${seconds.toFixed(1)} s with both looks`,
    n: ours.length,
  };
  return [
    {
      ...{ ...row, what: `${what}: of the best raw loop` },
      baseline: `${perSecond(raw)} (${loops.join(" or ")})`,
      ...{ ratio: medianRatio(ours, raw), target: OF_RAW },
    },
    {
      ...{ ...row, what: `${what}: times MLflow's Python store` },
      ...{ baseline: perSecond(store), ratio: medianRatio(ours, store), target: OF_STORE[workers] },
    },
  ];
}

function perSecond(rates: readonly number[]): string {
  return `${Math.round(median(rates))} writes/s`;
}
