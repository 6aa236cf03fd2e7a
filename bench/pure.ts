import { writeFileSync } from "node:fs";
import path from "node:path";
import { dump, load } from "js-yaml";
import { manifestOf } from "./dataset.ts";
import type { Measurement, Row, Settings } from "./measurement.ts";
import { actualOf, pureCheckAndPlan } from "./our-core.ts";
import { yamlSeconds } from "./python.ts";
import { median, roundRobin, timed } from "./rounds.ts";
import type { BenchServers } from "./server.ts";

/** All kinds together; more than a manifest may hold, to see how it grows. */
const SIZES = [1_000, 10_000, 100_000] as const;
const YAML_SIZES = [1_000, 10_000] as const;
/** For 10,000 resources. */
const UNDER_MS = 100;
/** From 10,000 to 100,000. */
const GROWTH = { bound: "at most", value: 12 } as const;

/** The time of the core alone: no server, no files. */
export const pure: Measurement = {
  name: "pure",
  summary: "check and plan of 1,000, 10,000 and 100,000 resources; YAML by js-yaml and by PyYAML",
  async run(settings, servers) {
    return [...(await corePart(settings)), ...(await yamlPart(settings, servers))];
  },
};

function documentOf(resources: number): object {
  const half = Math.floor((resources - 10) / 2);
  return manifestOf({ secrets: 10, modelDefinitions: half, endpoints: resources - 10 - half });
}

async function corePart({ rounds, shrink, say }: Settings): Promise<Row[]> {
  say("checking and planning");
  const contenders: (() => Promise<number>)[] = [];
  for (const size of SIZES) {
    const document = documentOf(Math.round(size / shrink));
    const actual = await actualOf(document);
    contenders.push(async () => {
      return (await timed(() => pureCheckAndPlan(document, actual))).ms;
    });
  }
  const [small, medium] = contenders;
  // The code is compiled while it runs: a worker that lives on has done that already.
  for (let round = 0; round < 10; round += 1) await small?.();
  for (let round = 0; round < 3; round += 1) await medium?.();
  const results = await roundRobin<Record<string, number>>(
    Math.max(rounds, 3),
    Object.fromEntries(contenders.map((contender, index) => [String(SIZES[index]), contender])),
  );
  const times = SIZES.map((size) => median(results[String(size)] ?? []));
  const n = results[String(SIZES[0])]?.length ?? 0;
  return SIZES.map((size, index): Row => {
    const [time = 0, before] = [times[index], times[index - 1]];
    const row = { what: `check and plan of ${size / shrink} resources, warm`, n };
    const ours = `${time.toFixed(1)} ms`;
    if (size === 10_000) {
      const target = { bound: "at most", value: 1 } as const;
      return { ...row, ours, baseline: `${UNDER_MS} ms`, ratio: time / UNDER_MS, target };
    }
    if (before === undefined) return { ...row, ours, baseline: "" };
    const baseline = `${before.toFixed(1)} ms for a tenth`;
    return { ...row, ours, baseline, ratio: time / before, target: GROWTH };
  });
}

async function yamlPart(
  { rounds, shrink, say }: Settings,
  { folder }: BenchServers,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of YAML_SIZES) {
    say(`reading YAML of ${size / shrink} resources`);
    const text = dump(documentOf(Math.round(size / shrink)));
    const file = path.join(folder, `${size}.yaml`);
    writeFileSync(file, text);
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      times.push((await timed(() => load(text))).ms);
    }
    const [jsYaml, pyYaml] = [median(times), (await yamlSeconds(file, rounds)) * 1000];
    rows.push({
      what: `YAML of ${size / shrink} resources, ${Math.round(text.length / 1024)} KiB`,
      ours: `${jsYaml.toFixed(0)} ms (js-yaml)`,
      baseline: `${pyYaml.toFixed(0)} ms (PyYAML, C loader)`,
      ratio: pyYaml / jsYaml,
      n: rounds,
    });
  }
  return rows;
}
