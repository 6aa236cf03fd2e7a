import { setTimeout } from "node:timers/promises";
import { GetQueueAttributesCommand, ListQueuesCommand } from "@aws-sdk/client-sqs";
import { expect, test } from "@jest/globals";
import { isHeld, LEASES } from "#runtime/lease.ts";
import { put as putRecord } from "#runtime/ledger.ts";
import type { RunReport } from "#sync/report/report.ts";
import {
  createSecret,
  madeUpKey,
  putManifest,
  putObject,
  settled,
} from "../../../scripts/story/actions.ts";
import type { ReceivedEvent } from "../../../scripts/story/mailbox.ts";
import { until } from "../../../scripts/story/until.ts";
import type { World } from "../../../scripts/story/world.ts";
import { openLedger } from "../../support/deployed/ledger.ts";
import { allHandled, look, queued } from "../../support/deployed/looks.ts";
import { endpointsNamed } from "../../support/deployed/owners.ts";
import { A_PLACE } from "../../support/places.ts";
import { timesLogged } from "../../support/written.ts";

const TEST_TIMEOUT_MS = 480_000;
const WAIT_TIMEOUT_MS = 150_000;

/** Plans that wait for somebody's word. */
export function approvals(world: () => World): void {
  test(
    "a plan that deletes too much is refused, and applied once its checksum is approved",
    async () => {
      await createSecret(world(), "many/key", madeUpKey("many"), "many");
      await settled(
        world(),
        await putManifest(world(), "many.yaml", many(MANY), "many"),
        "applied",
      );

      const less = await putManifest(world(), "many.yaml", many(["one"]), "many");
      const refused = await settled(world(), less, "refused");
      const stillThere = await endpointsNamed(world(), "many-");
      const checksum = checksumsIn(refused)[0] ?? "";
      await putObject(world(), `approvals/${checksum}`, "yes");
      const applied = await settled(world(), less, "applied");

      expect(stillThere).toHaveLength(4);
      expect(JSON.stringify(refused.data)).toContain("3 of 4");
      expect(await endpointsNamed(world(), "many-")).toEqual(["many-one"]);
      const [workspace] = applied.data.workspaces as RunReport["workspaces"];
      expect(workspace?.approval).toEqual({ checksum, by: expect.any(String) });
      expect(applied.attributes.manifest).toBe(`approvals/${checksum}`);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "an approval that comes while another run holds the lease for long is no dead letter, and works",
    async () => {
      await settled(
        world(),
        await putManifest(world(), "many.yaml", many(MANY), "many"),
        "applied",
      );
      const less = await putManifest(world(), "many.yaml", many(["two"]), "many");
      const refused = await settled(world(), less, "refused");
      await allHandled(world());
      const letGo = await holdSyncLease(world());
      const before = await timesLogged(world(), LEFT_TO_SCHEDULE);
      await putObject(world(), `approvals/${checksumsIn(refused)[0]}`, "yes");
      // One message of each schedule may have come before it.
      const inQueue = await until(
        "the approval in the queue",
        WAIT_TIMEOUT_MS,
        async () => (await queued(world())) || undefined,
      );
      await until("the approval is given up", WAIT_TIMEOUT_MS, async () =>
        (await timesLogged(world(), LEFT_TO_SCHEDULE)) >= before + inQueue ? true : undefined,
      );
      const stillThere = await endpointsNamed(world(), "many-");
      await letGo();
      await look(world(), "pending");

      const applied = await settled(world(), less, "applied");

      expect(stillThere).toHaveLength(4);
      expect(applied.data.trigger).toEqual({ kind: "schedule" });
      expect(await endpointsNamed(world(), "many-")).toEqual(["many-two"]);
      expect(await deadLetters(world())).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );
}

const MANY = ["one", "two", "three", "four"];

/** Endpoints of the owner "many". */
function many(names: readonly string[]): string {
  return [
    "version: 1",
    "secrets:",
    "  - { name: many, provider: openai, value_from: { secrets_manager: many/key } }",
    "model_definitions:",
    "  - { name: many, secret: many, model_name: gpt-4o }",
    "endpoints:",
    ...names.map(
      (name) =>
        `  - { name: many-${name}, models: [ { model_definition: many, linkage_type: PRIMARY } ] }`,
    ),
  ].join("\n");
}

const LEFT_TO_SCHEDULE = "another run writes: left to the schedule";

/**
 * Holds the lease as another run does that lives, until the function that it returns is called; for
 * so short a time ahead that a message is given up within seconds and not within minutes.
 */
async function holdSyncLease(world: World): Promise<() => Promise<void>> {
  const ledger = openLedger(world);
  const since_ms = Date.now();
  const holder = { ...A_PLACE, run_id: "somebody-at-a-machine" };
  const hold = async (aheadMs: number) => {
    const record = await ledger.read(LEASES, "sync");
    const isFree = !record || !isHeld(record.value, Date.now());
    if (!isFree && record.value.holder.run_id !== holder.run_id) return false;
    const value = { holder, since_ms, expires_at_ms: Date.now() + aheadMs };
    return ledger.commit([putRecord(LEASES, "sync", value, record)]);
  };
  await until("the lease", WAIT_TIMEOUT_MS, async () => (await hold(3000)) || undefined);
  const stop = new AbortController();
  const holding = (async () => {
    while (!stop.signal.aborted) {
      await hold(3000);
      await setTimeout(500);
    }
  })();
  return async () => {
    stop.abort();
    await holding;
    await hold(0);
  };
}

/** How many messages nobody could handle, of all workers. */
async function deadLetters(world: World): Promise<number> {
  const { QueueUrls = [] } = await world.sqs.send(new ListQueuesCommand({}));
  const urls = QueueUrls.filter((url) => url.includes("DeadLetters"));
  expect(urls.length).toBeGreaterThan(0);
  const counts = await Promise.all(
    urls.map(async (QueueUrl) => {
      const { Attributes } = await world.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ["ApproximateNumberOfMessages"],
        }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function checksumsIn({ data }: ReceivedEvent): string[] {
  return (data.workspaces as RunReport["workspaces"]).map(({ checksum }) => checksum);
}
