import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { expect, test } from "@jest/globals";
import {
  changesIn,
  createSecret,
  issuesIn,
  madeUpKey,
  putManifest,
  settled,
} from "../../../scripts/story/actions.ts";
import { output, type World } from "../../../scripts/story/world.ts";
import { beginOwner, endpointOf } from "../../support/deployed/owners.ts";
import { reported } from "../../support/deployed/reports.ts";
import { invocations } from "../../support/written.ts";

const TEST_TIMEOUT_MS = 480_000;

/** Manifests of owners as they are put, changed and deleted. */
export function manifests(world: () => World): void {
  test(
    "a manifest is created, changed, renamed in place and pruned; each put is one invocation",
    async () => {
      await createSecret(world(), "team/key", madeUpKey("team"));
      const before = await invocations(world());
      const created = await settled(
        world(),
        await putManifest(world(), "life.yaml", LIFE),
        "applied",
      );
      const { endpoint_id } = await world().gateway.endpoints.get({ name: "chat" });
      const changed = await settled(
        world(),
        await putManifest(world(), "life.yaml", LIFE.replace("team: search", "team: ads")),
        "applied",
      );
      const renamed = await settled(
        world(),
        await putManifest(
          world(),
          "life.yaml",
          LIFE.replace("name: chat\n", "name: talk\n    previous_name: chat\n").replace(
            "target_value: chat",
            "target_value: talk",
          ),
        ),
        "applied",
      );
      const endpoint = await world().gateway.endpoints.get({ name: "talk" });
      const bindings = await world().gateway.bindings.list({ endpoint_id });
      const pruned = await settled(
        world(),
        await putManifest(world(), "life.yaml", PRUNED.replaceAll("chat", "talk")),
        "applied",
      );
      const after = await invocations(world());

      expect(changesIn(created.data)).toEqual([
        "create secret/key",
        "create model_definition/big",
        "create model_definition/small",
        "create endpoint/chat",
        "create endpoint/mini",
        "create budget/daily",
      ]);
      expect(changesIn(changed.data)).toEqual(["update endpoint/chat"]);
      expect(changesIn(renamed.data)).toEqual(["update endpoint/talk"]);
      expect(endpoint.endpoint_id).toBe(endpoint_id);
      expect(endpoint.tags.map(({ key, value }) => `${key}=${value}`).sort()).toEqual([
        "gwops/owner=default",
        "team=search",
      ]);
      expect(bindings.map(({ resource_id }) => resource_id)).toEqual(["toxicity"]);
      expect(
        (await world().gateway.budgets.list()).map(({ target_value }) => target_value),
      ).toEqual([endpoint_id]);
      expect(changesIn(pruned.data)).toEqual([
        "delete endpoint/mini",
        "delete model_definition/small",
      ]);
      expect(await endpointsOfDefault(world())).toEqual(["talk"]);
      // The schedules look in between: only invocations for an object count.
      expect(after - before).toBe(4);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a broken file beside a good one blocks only itself, and nothing is pruned meanwhile",
    async () => {
      const broken = await putManifest(world(), "broken.yaml", "version: 1\nendpoint: []\n");
      const rejected = await settled(world(), broken, "rejected");

      const good = await putManifest(world(), "life.yaml", LIFE.replaceAll("chat", "talk"));
      const applied = await settled(world(), good, "applied");
      const less = await putManifest(world(), "life.yaml", PRUNED.replaceAll("chat", "talk"));
      await reported(world(), less, "unchanged");

      expect(issuesIn(rejected.data)).toEqual([
        expect.stringMatching(/^manifests\/default\/broken.yaml:2:1 endpoint is not a known key/),
      ]);
      expect(changesIn(applied.data)).toEqual([
        "create model_definition/small",
        "create endpoint/mini",
      ]);
      expect(await endpointsOfDefault(world())).toEqual(["mini", "talk"]);
      await putManifest(world(), "broken.yaml", "version: 1\n");
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "of two puts in quick succession the newest wins, whole",
    async () => {
      const text = (tag: string, model: string) =>
        [
          "version: 1",
          "secrets:",
          "  - { name: quick, provider: openai, value_from: { secrets_manager: quick/key } }",
          "model_definitions:",
          `  - { name: quick, secret: quick, model_name: ${model} }`,
          "endpoints:",
          "  - name: quick",
          "    models: [ { model_definition: quick, linkage_type: PRIMARY } ]",
          `    tags: { version: "${tag}" }`,
        ].join("\n");
      await createSecret(world(), "quick/key", madeUpKey("quick"), "quick");
      const since = new Date();

      await putManifest(world(), "quick.yaml", text("one", "gpt-4o"), "quick");
      const second = await putManifest(world(), "quick.yaml", text("two", "gpt-4o-mini"), "quick");
      await settled(world(), second, "applied");
      const endpoint = await world().gateway.endpoints.get({ name: "quick" });

      expect(endpoint.tags.find(({ key }) => key === "version")?.value).toBe("two");
      expect(endpoint.model_mappings[0]?.model_definition?.model_name).toBe("gpt-4o-mini");
      const told = (await world().operations.received()).filter(
        ({ data, time }) => data.owner === "quick" && new Date(time) >= since,
      );
      expect(told.length).toBeLessThanOrEqual(2);
      expect(told.every(({ type }) => type === "mlflow-gateway-ops.manifest.applied")).toBe(true);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "deleting a manifest deletes nothing, also when the owner's other files are applied later",
    async () => {
      await beginOwner(world(), "deleter");
      const kept = await putManifest(
        world(),
        "kept.yaml",
        endpointOf("deleter", "kept"),
        "deleter",
      );
      await settled(world(), kept, "applied");
      await world().s3.send(
        new DeleteObjectCommand({
          Bucket: output(world().outputs, "ManifestBucketName"),
          Key: kept.key,
        }),
      );

      const other = await putManifest(
        world(),
        "other.yaml",
        endpointOf("deleter", "other"),
        "deleter",
      );
      const event = await settled(world(), other, "applied");

      expect(changesIn(event.data)).toEqual(["create endpoint/other"]);
      expect(event.data.deleted_manifests).toEqual([kept.key]);
      expect((await world().gateway.endpoints.get({ name: "kept" })).name).toBe("kept");
    },
    TEST_TIMEOUT_MS,
  );
}

const LIFE = [
  "version: 1",
  "secrets:",
  "  - { name: key, provider: openai, value_from: { secrets_manager: team/key } }",
  "model_definitions:",
  "  - { name: big, secret: key, model_name: gpt-4o }",
  "  - { name: small, secret: key, model_name: gpt-4o-mini }",
  "endpoints:",
  "  - name: chat",
  "    models: [ { model_definition: big, linkage_type: PRIMARY } ]",
  "    tags: { team: search }",
  "    bindings: [ { resource_type: scorer, resource_id: toxicity } ]",
  "  - name: mini",
  "    models: [ { model_definition: small, linkage_type: PRIMARY } ]",
  "budgets:",
  "  - name: daily",
  "    budget_amount: 10",
  "    duration: { unit: DAYS, value: 1 }",
  "    target_scope: ENDPOINT",
  "    target_value: chat",
  "    budget_action: ALERT",
].join("\n");

const PRUNED = LIFE.replace(/ {2}- \{ name: small.*\n/, "").replace(/ {2}- name: mini\n.*\n/, "");

/** What the owner "default" has on the gateway, by the tag of the owner. */
async function endpointsOfDefault({ gateway }: World): Promise<string[]> {
  const own = (await gateway.endpoints.list()).filter(({ tags }) =>
    tags.some(({ key, value }) => key === "gwops/owner" && value === "default"),
  );
  return own.map(({ name }) => name).sort();
}
