import { expect, test } from "@jest/globals";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { heldLeases, withLease } from "#runtime/lease.ts";
import { withSyncLease } from "#sync/sync.ts";
import { A_PLACE } from "../../support/places.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();
const HOLDER =
  "ada@laptop (run run-x, process 4711 on laptop) holds the lease sync since 2026-11-23T12:00:00.000Z\n";

function setup() {
  const cli = cliSetup(root);
  const { clock, settings } = cli;
  const another = {
    ledger: settings.ledger,
    clock,
    deadline: NO_DEADLINE,
    runId: "run-x",
    place: A_PLACE,
  };
  const held = async () => (await heldLeases(settings.ledger, clock.nowMs())).map(({ id }) => id);
  return { ...cli, another, held };
}

test("where nothing is held, it says so", async () => {
  const { run } = setup();

  expect(await run(["unlock"])).toEqual({ status: 0, stdout: "", stderr: "nothing is held\n" });
});

test("who holds the right to write is named, and after a yes it is taken away", async () => {
  const { run, another, held, questions } = setup();

  await withSyncLease(another, () =>
    withLease("secret/default/openai", another, async () => {
      const { status, stderr } = await run(["unlock"], { answer: "y" });

      expect(status).toBe(0);
      expect(stderr).toContain(HOLDER);
      expect(stderr).toContain("secret/default/openai was taken away\nsync was taken away\n");
      expect(questions).toEqual(["2 leases: take away? [y/N] "]);
      expect(await held()).toEqual([]);
    }),
  );
});

test("without a yes it stays as it is", async () => {
  const { run, another, held } = setup();

  await withSyncLease(another, async () => {
    expect(await run(["unlock"], { answer: "" })).toMatchObject({
      status: 1,
      stderr: `${HOLDER}nothing was changed\n`,
    });
    expect(await run(["unlock"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("Add --yes to take away without asking"),
    });
    expect(await held()).toEqual(["sync"]);
  });
});

test("a lease that is given back while somebody is asked is not taken from the next one", async () => {
  const { run, another, settings, held } = setup();
  let giveBack = () => {};
  const first = withSyncLease(another, () => new Promise<void>((resolve) => (giveBack = resolve)));
  await new Promise((resolve) => setImmediate(resolve));
  const next = { ...another, runId: "run-y" };
  let second: Promise<void> | undefined;
  let end = () => {};
  settings.whileAsked = async () => {
    giveBack();
    await first;
    second = withSyncLease(next, () => new Promise<void>((resolve) => (end = resolve)));
    await new Promise((resolve) => setImmediate(resolve));
  };

  const { stderr } = await run(["unlock"], { answer: "yes" });

  expect(stderr).toContain("sync was given back meanwhile\n");
  expect(await held()).toEqual(["sync"]);
  end();
  await second;
});

test("machines get the holders as JSON", async () => {
  const { run, another } = setup();

  await withSyncLease(another, async () => {
    const { stdout } = await run(["unlock", "--yes", "--json"]);

    expect(JSON.parse(stdout)).toEqual([
      {
        lease: "sync",
        by: "ada@laptop",
        run_id: "run-x",
        host: "laptop",
        process_id: 4711,
        since: "2026-11-23T12:00:00.000Z",
      },
    ]);
  });
});

test("a run that finds the gateway held says by whom, and how to go on", async () => {
  const { run, write, another } = setup();
  write("gateway.yaml", MANIFEST);

  await withSyncLease(another, async () => {
    const { status, stderr } = await run(["apply", "gateway.yaml", "--yes"]);

    expect(status).toBe(1);
    expect(stderr).toContain(`gwops: another run is writing: ${HOLDER.trim()}. Wait until it ends`);
    expect(stderr).toContain("gwops unlock takes it away at once");
  });
});
