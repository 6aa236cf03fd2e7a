import { setTimeout } from "node:timers/promises";
import { PutBucketNotificationConfigurationCommand } from "@aws-sdk/client-s3";
import { expect, test } from "@jest/globals";
import { changesIn, putManifest, settled } from "../../../scripts/story/actions.ts";
import type { ReceivedEvent } from "../../../scripts/story/mailbox.ts";
import { output, type World } from "../../../scripts/story/world.ts";
import { allHandled, look } from "../../support/deployed/looks.ts";
import { beginOwner, endpointOf } from "../../support/deployed/owners.ts";

const TEST_TIMEOUT_MS = 480_000;
const SCHEDULE_TIMEOUT_MS = 150_000;

/** What no event tells. The first test waits for the schedules, and for both at the same time. */
export function schedules(world: () => World): void {
  test(
    "a manifest whose event never arrived is applied by the schedule, and drift is told by its own",
    async () => {
      await beginOwner(world(), "drifter");
      await beginOwner(world(), "loser");
      const since = new Date();
      await changeByHand(world(), "gpt-4o-mini");
      await notify(world(), false);
      const put = await putManifest(world(), "lost.yaml", endpointOf("loser", "lost"), "loser");
      await setTimeout(2_000);
      await notify(world(), true);

      const [applied, told] = await Promise.all([
        settled(world(), put, "applied"),
        drift(world(), "drifted", since),
      ]);

      expect(changesIn(applied.data)).toEqual(["create endpoint/lost"]);
      expect(applied.data.trigger).toEqual({ kind: "schedule" });
      expect([told.data.owner, changesIn(told.data)]).toEqual([
        "drifter",
        ["update model_definition/definition-drifter"],
      ]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "drift is told once, and told again when it is gone",
    async () => {
      // Two more looks at the same drift stay quiet.
      await look(world(), "drift");
      await look(world(), "drift");
      await allHandled(world());
      const toldInAll = (await world().operations.received()).filter(
        ({ type, data }) => type === "mlflow-gateway-ops.drift.drifted" && data.owner === "drifter",
      );
      const mended = new Date();
      await changeByHand(world(), "gpt-4o");
      await look(world(), "drift");
      const gone = await drift(world(), "unchanged", mended);

      expect(toldInAll).toHaveLength(1);
      expect(gone.data.owner).toBe("drifter");
    },
    TEST_TIMEOUT_MS,
  );
}

function drift(
  world: World,
  outcome: "drifted" | "unchanged",
  since: Date,
): Promise<ReceivedEvent> {
  return world.operations.waitFor(
    `an operations message that drift is ${outcome}`,
    SCHEDULE_TIMEOUT_MS,
    ({ type, time }) => type === `mlflow-gateway-ops.drift.${outcome}` && new Date(time) >= since,
  );
}

/** Gives what the owner "drifter" declares another model. */
async function changeByHand({ gateway }: World, model_name: string): Promise<void> {
  const definitions = await gateway.modelDefinitions.list();
  const own = definitions.find(({ name }) => name === "definition-drifter");
  const model_definition_id = own?.model_definition_id ?? "";
  await gateway.modelDefinitions.update({ model_definition_id, model_name });
}

/** Switches the events of the bucket on or off. */
async function notify(world: World, isOn: boolean): Promise<void> {
  await world.s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: output(world.outputs, "ManifestBucketName"),
      NotificationConfiguration: isOn ? { EventBridgeConfiguration: {} } : {},
    }),
  );
}
