import { expect, test } from "@jest/globals";
import { SNAPSHOTS, type Snapshot } from "#sync/history/snapshot.ts";
import { keepSnapshot } from "#sync/history/snapshot-history.ts";
import { FakeBucket } from "../../../support/fake-bucket.ts";
import { MemoryLedger } from "../../../support/memory-ledger.ts";

function setup() {
  const [ledger, snapshots] = [new MemoryLedger(), new FakeBucket()];
  let previous: Snapshot | undefined;
  let runs = 0;
  /** Keeps what a run left: files of this text, and resources of these ids. */
  const keep = async (text: string, ids: readonly string[] = []) => {
    runs += 1;
    const snapshot: Snapshot = {
      version: 1,
      run_id: `run-${runs}`,
      owner: "search",
      workspace: "default",
      applied_at: `2026-11-23T12:00:${String(runs).padStart(2, "0")}.000Z`,
      files: [{ name: "a.yaml", version_id: `${runs}`, text, declares: [] }],
      owned: ids.map((id) => ({ kind: "endpoint", name: id, id })),
      protected: [],
      providers: {},
    };
    await keepSnapshot({ ledger, snapshots }, snapshot, previous);
    previous = snapshot;
  };
  const list = async () => (await ledger.read(SNAPSHOTS, "default/search"))?.value.snapshots ?? [];
  return { ledger, snapshots, keep, list };
}

test("the newest ten states can be gone back to, and nothing else is kept", async () => {
  const { keep, list, snapshots } = setup();
  const first: string[] = [];
  for (let index = 1; index <= 12; index += 1) {
    await keep(`text ${index}`);
    first.push((await list())[0]?.reference ?? "");
  }

  const found = await Promise.all(first.map((reference) => snapshots.readSnapshot(reference)));

  expect((await list()).map(({ run_id }) => run_id)).toEqual(
    Array.from({ length: 10 }, (_, index) => `run-${12 - index}`),
  );
  expect(found.map((snapshot) => snapshot?.run_id)).toEqual([
    undefined,
    undefined,
    ...Array.from({ length: 10 }, (_, index) => `run-${index + 3}`),
  ]);
});

test("other resources of the same files are the same state, at a place of its own", async () => {
  const { keep, list, snapshots } = setup();
  await keep("text", ["e-1"]);
  const [before] = await list();

  await keep("text", ["e-2"]);

  const [after, ...others] = await list();
  expect(others).toEqual([]);
  expect(after).toMatchObject({ run_id: "run-1", applied_at: before?.applied_at });
  expect(after?.reference).not.toBe(before?.reference);
  expect((await snapshots.readSnapshot(after?.reference ?? ""))?.owned).toMatchObject([
    { id: "e-2" },
  ]);
  expect(await snapshots.readSnapshot(before?.reference ?? "")).toBeUndefined();
});

test("what the ledger does not take leaves all that it refers to as it is", async () => {
  const { keep, list, snapshots, ledger } = setup();
  await keep("text", ["e-1"]);
  const before = await list();
  ledger.refuseNext(1);

  await expect(keep("text", ["e-2"])).rejects.toMatchObject({ disposition: "retry" });

  expect(await list()).toEqual(before);
  expect((await snapshots.readSnapshot(before[0]?.reference ?? ""))?.owned).toMatchObject([
    { id: "e-1" },
  ]);
});
