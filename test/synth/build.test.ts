import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { buildFunctions } from "../../scripts/build.ts";
import { synthesize } from "../support/synth.ts";

const template = synthesize({
  rotations: JSON.stringify([{ secret: "prod/openai", strategy: "static", everyDays: 90 }]),
});

test("every function of the stack has a bundle, with the source map outside of it", async () => {
  const deployed = Object.values(template.findResources("AWS::Lambda::Function")).map(
    ({ Properties }) => Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME,
  );
  const folder = await mkdtemp(join(tmpdir(), "gateway-ops-build-"));

  const bundles = await buildFunctions(folder);

  expect(bundles.map(({ name }) => name)).toEqual(deployed.sort());
  for (const { name, sizeBytes } of bundles) {
    const code = await readFile(join(folder, "functions", name, "index.js"), "utf8");
    expect(await readdir(join(folder, "functions", name))).toEqual(["index.js"]);
    expect(await readdir(join(folder, "maps", name))).toEqual(["index.js.map"]);
    expect(Buffer.byteLength(code)).toBe(sizeBytes);
    expect(code).toContain("handler");
  }
}, 30_000);
