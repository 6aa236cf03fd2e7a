import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import type { Preview } from "#sync/preview/preview-result.ts";
import {
  createSecret,
  madeUpKey,
  putManifest,
  putObject,
  readObject,
  settled,
} from "../../../scripts/story/actions.ts";
import type { World } from "../../../scripts/story/world.ts";
import { CI_OWNER } from "../../support/ci-docs.ts";
import { makeRepository, statusesOf } from "../../support/ci-workflow.ts";
import { beginOwner, endpointsNamed, everythingOf, tenant } from "../../support/deployed/owners.ts";

const TEST_TIMEOUT_MS = 480_000;
const WAIT_TIMEOUT_MS = 150_000;

/** What authors do without a login to MLflow, and operators with one. */
export function authors(world: () => World): void {
  test(
    "a file under plans/ is planned, told, and changes nothing",
    async () => {
      await beginOwner(world(), "planner");
      const before = await world().gateway.endpoints.list();
      const source = await putObject(
        world(),
        "plans/planner/gateway.yaml",
        tenant("planner").replace("linkage_type: PRIMARY", "linkage_type: PRIMARY, weight: 0.5"),
      );
      const event = await world().operations.waitFor(
        "an operations message about the preview",
        WAIT_TIMEOUT_MS,
        ({ type, data }) =>
          type === "mlflow-gateway-ops.plan.planned" &&
          (data.source as { version_id: string }).version_id === source.version,
      );
      const preview = JSON.parse(
        await readObject(world(), event.data.result_key as string),
      ) as Preview;
      const markdown = await readObject(world(), "plan-results/planner/gateway.yaml.md");

      expect(preview.workspaces[0]?.changes.map(({ action }) => action)).toEqual(["update"]);
      expect(markdown).toContain("endpoint/endpoint-planner");
      expect(await world().gateway.endpoints.list()).toEqual(before);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "the workflow of docs/ci.md plans a pull request and applies what is merged, without a login",
    async () => {
      const repository = await makeRepository(world());
      await createSecret(world(), `${CI_OWNER}/key`, madeUpKey(CI_OWNER), CI_OWNER);
      const manifest = tenant(CI_OWNER);
      const before = await everythingOf(world());

      repository.write(manifest);
      const planned = await repository.play("plan");
      const comment = repository.read("plan.md");
      const afterPlan = await everythingOf(world());
      const pushed = await repository.play("push");
      const plannedAgain = await repository.play("plan");

      expect(statusesOf(planned)).toEqual({ Validate: 0, Plan: 0, Comment: 0 });
      expect(comment).toContain("+ create endpoint/endpoint-search");
      expect(repository.read("gh-arguments.txt")).toBe(
        "pr\ncomment\n12\n--edit-last\n--create-if-none\n--body-file\nplan.md\n",
      );
      expect(afterPlan).toBe(before);
      expect(statusesOf(pushed)).toEqual({ Validate: 0, Push: 0 });
      expect(repository.read("summary.md")).toContain(`# ${CI_OWNER}: applied`);
      expect(await endpointsNamed(world(), "endpoint-search")).toEqual(["endpoint-search"]);
      expect(statusesOf(plannedAgain)).toEqual({ Validate: 0, Plan: 0, Comment: 0 });
      expect(repository.read("plan.md")).toContain("There is nothing to change.");

      repository.write(`${manifest}\nzzz: 1\n`);
      expect(statusesOf(await repository.play("plan"))).toEqual({ Validate: 4 });
      repository.remove();
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "after a rollback the bucket says what the gateway is, and the same is not applied again",
    async () => {
      await createSecret(world(), "back/key", madeUpKey("back"), "back");
      const good = tenant("back");
      const bad = good.replace("model_name: gpt-4o", "model_name: gpt-4o-mini");
      const put = (text: string) => putManifest(world(), "back.yaml", text, "back");
      await settled(world(), await put(good), "applied");
      await settled(world(), await put(bad), "applied");

      await gwops(world(), "rollback", "--yes", "--stack", "GatewayOps", "--owner", "back");
      const inBucket = await readObject(world(), "manifests/back/back.yaml");
      const held = await settled(world(), await put(`${bad}\n# again\n`), "held");
      const models = (await world().gateway.modelDefinitions.list()).filter(
        ({ name }) => name === "definition-back",
      );

      expect(inBucket).toBe(good);
      expect(held.data).toMatchObject({ owner: "back", holds: [{ workspace: "default" }] });
      expect(models).toMatchObject([{ model_name: "gpt-4o" }]);
    },
    TEST_TIMEOUT_MS,
  );
}

/** The command line as a person with a login to MLflow and to AWS runs it. */
async function gwops({ aws, mlflow }: World, ...argv: readonly string[]): Promise<void> {
  const { admin, trackingUri } = mlflow;
  await promisify(execFile)(process.execPath, ["--import", "tsx", "bin/gwops.ts", ...argv], {
    env: {
      PATH: process.env.PATH ?? "",
      MLFLOW_TRACKING_URI: trackingUri,
      MLFLOW_TRACKING_USERNAME: admin?.username ?? "",
      MLFLOW_TRACKING_PASSWORD: admin?.password ?? "",
      ...aws.environment,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
    },
  });
}
