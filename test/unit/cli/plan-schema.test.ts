import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import { planJsonSchema } from "#cli/input/plan-schema.ts";
import { previewPlan } from "#sync/preview/preview.ts";
import { aManifest, anEndpoint, ExpectedError } from "../../support/builders.ts";
import { syncRuns } from "../../support/sync-setup.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { BROKEN, cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();
const ajv = new Ajv2020({ allErrors: true, strictTypes: false, formats: { uri: true } });
const validate = ajv.compile(planJsonSchema());

function expectValid(document: unknown): void {
  validate(JSON.parse(JSON.stringify(document)));
  expect(validate.errors ?? []).toEqual([]);
}

test("the JSON Schema is the one that `npm run schema` writes, and that gwops prints", async () => {
  const file = new URL("../../../src/cli/plan.schema.json", import.meta.url);
  const { stdout } = await cliSetup(root).run(["schema", "plan"]);

  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(planJsonSchema());
  expect(JSON.parse(stdout)).toEqual(planJsonSchema());
});

test("what plan, apply, drift and rollback print, and a plan that is kept, are one document", async () => {
  const cli = cliSetup(root);
  const run = async (...argv: string[]) => JSON.parse((await cli.run([...argv, "--json"])).stdout);
  cli.write("gateway.yaml", MANIFEST);

  expectValid(await run("plan", "gateway.yaml", "--output-file", "plan.json"));
  expectValid(JSON.parse(cli.read("plan.json")));
  cli.gateway.failOn("createEndpoint", 1, new ExpectedError("reject"));
  expectValid(await run("apply", "gateway.yaml", "--yes"));
  expectValid(await run("apply", "gateway.yaml", "--yes"));
  cli.write("gateway.yaml", MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-5"));
  expectValid(await run("apply", "gateway.yaml", "--yes"));
  const [definition] = cli.gateway.visible().definitions;
  const { model_definition_id = "" } = definition ?? {};
  await cli.gateway.modelDefinitions.update({ model_definition_id, model_name: "by-hand" });
  expectValid(await run("drift"));
  expectValid(await run("rollback", "--yes"));
  cli.write("broken.yaml", BROKEN);
  cli.write("gateway.yaml", "version: 1\nsecrets: []\nmodel_definitions: []\nendpoints: []\n");
  expectValid(await run("plan", ".", "--prune"));
  expectValid(await run("plan", "gateway.yaml", "--prune"));
  expectValid(await run("apply", "gateway.yaml", "--prune", "--yes"));
});

test("reports of the workers and previews are the same document", async () => {
  const { bucket, nextRun, putAndSync } = syncRuns();
  const preview = (content: unknown) => {
    bucket.put("plans/search/gateway.yaml", content);
    return previewPlan(nextRun(), "plans/search/gateway.yaml", { isLast: false });
  };
  await putAndSync(aManifest());
  await putAndSync(aManifest({ endpoints: [anEndpoint({ tags: { team: "search" } })] }));
  await putAndSync("version: 1\nzzz: 1\n");
  await preview(aManifest());
  expectValid([...bucket.previews.values()][0]?.preview);
  await preview("nonsense");

  expect(bucket.reports).toHaveLength(3);
  for (const report of bucket.reports) expectValid(report);
  for (const result of bucket.previews.values()) expectValid(result.preview);
});
