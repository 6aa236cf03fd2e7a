import { beforeAll, expect, test } from "@jest/globals";
import { endPause, startPause } from "#runtime/start-pause.ts";
import { changesIn, putManifest, settled } from "../../../scripts/story/actions.ts";
import { until } from "../../../scripts/story/until.ts";
import type { World } from "../../../scripts/story/world.ts";
import { openLedger } from "../../support/deployed/ledger.ts";
import { look } from "../../support/deployed/looks.ts";
import { makeAdmin } from "../../support/deployed/operator.ts";
import {
  beginOwner,
  endpointOf,
  endpointsNamed,
  everythingOf,
} from "../../support/deployed/owners.ts";
import { functionProcesses } from "../../support/deployed/processes.ts";
import { reported } from "../../support/deployed/reports.ts";

const TEST_TIMEOUT_MS = 480_000;
const WAIT_TIMEOUT_MS = 150_000;
const OWNER = "faulty";

/** Faults that stop the work of all owners: they come last in a world. */
export function faults(world: () => World): void {
  beforeAll(() => beginOwner(world(), OWNER), TEST_TIMEOUT_MS);

  test(
    "while an owner is paused manifests wait, and resuming applies the newest",
    async () => {
      const ledger = openLedger(world());
      const pause = { owner: OWNER, since_ms: Date.now(), by: "somebody" };
      await startPause(ledger, pause, true);

      await putManifest(world(), "waiting.yaml", endpointOf(OWNER, "first-waiting"), OWNER);
      const newest = await putManifest(
        world(),
        "waiting.yaml",
        endpointOf(OWNER, "waiting"),
        OWNER,
      );
      await reported(world(), newest, "pending");
      expect(await endpointsNamed(world(), "first-waiting")).toEqual([]);
      expect(await endpointsNamed(world(), "waiting")).toEqual([]);
      await endPause(ledger, pause, { by: "somebody", nowMs: Date.now() }, true);
      await look(world(), "pending");
      await settled(world(), newest, "applied");

      expect(await endpointsNamed(world(), "waiting")).toEqual(["waiting"]);
      const told = (await world().operations.received()).map(({ type }) => type);
      expect(told.filter((type) => type.startsWith("mlflow-gateway-ops.work."))).toEqual([
        "mlflow-gateway-ops.work.paused",
        "mlflow-gateway-ops.work.resumed",
      ]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a login that sees an empty gateway creates nothing and prunes nothing, and says why",
    async () => {
      const before = await everythingOf(world());
      await makeAdmin(world(), false);

      const put = await putManifest(world(), "login.yaml", endpointOf(OWNER, "login"), OWNER);
      const pending = await settled(world(), put, "pending");
      const during = await everythingOf(world());
      await makeAdmin(world(), true);
      await look(world(), "pending");
      const applied = await settled(world(), put, "applied");

      expect(pending.attributes.code).toBe("gateway-login-not-admin");
      expect(JSON.stringify(pending.data)).toContain("not an admin");
      expect(during).toBe(before);
      expect(changesIn(applied.data)).toEqual(["create endpoint/login"]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a function that is killed in the middle of an apply is followed by another within 90 s",
    async () => {
      const count = 100;
      const made = async () => {
        const definitions = await world().gateway.modelDefinitions.list();
        return definitions.filter(({ name }) => name.startsWith("killed-")).length;
      };
      const names = Array.from({ length: count }, (_, index) => `killed-${index + 100}`);
      const put = await putManifest(world(), "killed.yaml", definitionsOf(names), OWNER);
      await until("the first changes", WAIT_TIMEOUT_MS, async () => (await made()) || undefined);

      const killed = functionProcesses(world().aws.pid, "config-sync");
      for (const pid of killed) process.kill(pid, "SIGKILL");
      const killedMs = Date.now();
      const left = count - (await made());
      await until("all changes", WAIT_TIMEOUT_MS, async () =>
        (await made()) === count ? true : undefined,
      );
      const backSeconds = (Date.now() - killedMs) / 1000;
      await settled(world(), put, "applied");

      expect(killed.length).toBeGreaterThan(0);
      expect(left).toBeGreaterThan(0);
      expect(backSeconds).toBeLessThan(90);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "while the gateway is down the newest manifests stay pending, and are applied once it is back",
    async () => {
      await world().mlflow.stop();
      const first = await putManifest(world(), "down.yaml", endpointOf(OWNER, "first-down"), OWNER);
      await settled(world(), first, "pending");
      const newest = await putManifest(world(), "down.yaml", endpointOf(OWNER, "down"), OWNER);
      await world().mlflow.restart();
      await look(world(), "pending");

      await settled(world(), newest, "applied");

      expect(await endpointsNamed(world(), "down")).toEqual(["down"]);
      expect(await endpointsNamed(world(), "first-down")).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );
}

/** Model definitions beside the others of the owner. */
function definitionsOf(names: readonly string[]): string {
  return [
    "version: 1",
    "model_definitions:",
    ...names.map((name) => `  - { name: ${name}, secret: ${OWNER}, model_name: gpt-4o }`),
  ].join("\n");
}
