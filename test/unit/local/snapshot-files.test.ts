import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { SnapshotFiles } from "#local/snapshot-files.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const folder = temporaryFolder();
let stores = 0;

function aFolder(): string {
  stores += 1;
  return join(folder, `${stores}`);
}

function aSnapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 1,
    run_id: "run-1",
    owner: "team-a",
    workspace: "default",
    applied_at: "2026-11-23T12:00:00.000Z",
    files: [
      { name: "a.yaml", version_id: "v1", text: "version: 1\n", declares: ["secret/openai"] },
    ],
    owned: [{ kind: "secret", name: "openai", id: "s-1" }],
    protected: [],
    providers: { openai: "openai" },
    ...fields,
  };
}

test("a snapshot is read back as it was written, by the user alone", async () => {
  const path = aFolder();
  const store = new SnapshotFiles(path);

  const reference = await store.writeSnapshot(aSnapshot());

  expect(reference).toBe("default@team-a/2026-11-23T12-00-00-000Z-run-1.json");
  expect(await store.readSnapshot(reference)).toEqual(aSnapshot());
  expect(statSync(join(path, reference)).mode & 0o777).toBe(0o600);
});

test("the newest ten of each owner and workspace are kept", async () => {
  const path = aFolder();
  const store = new SnapshotFiles(path);
  await store.writeSnapshot(aSnapshot({ owner: "team-b" }));
  for (let day = 10; day < 22; day += 1) {
    await store.writeSnapshot(aSnapshot({ applied_at: `2026-11-${day}T12:00:00.000Z` }));
  }

  const days = readdirSync(join(path, "default@team-a")).map((name) => name.slice(8, 10));

  expect(days.sort()).toEqual(["12", "13", "14", "15", "16", "17", "18", "19", "20", "21"]);
  expect(readdirSync(join(path, "default@team-b"))).toHaveLength(1);
});

test.each(["..", "../../etc", "a/b"])("the owner %s leads nowhere else", async (owner) => {
  const path = aFolder();

  await new SnapshotFiles(path).writeSnapshot(aSnapshot({ owner }));

  expect(readdirSync(path)).toEqual([`default@${encodeURIComponent(owner)}`]);
});

test("what is no snapshot is named, and one that is gone is none", async () => {
  const path = aFolder();
  const store = new SnapshotFiles(path);
  const reference = await store.writeSnapshot(aSnapshot());

  writeFileSync(join(path, reference), "{}");
  await expect(store.readSnapshot(reference)).rejects.toThrow(`${reference} is not a snapshot`);
  writeFileSync(join(path, reference), JSON.stringify({ ...aSnapshot(), version: 2 }));
  await expect(store.readSnapshot(reference)).rejects.toThrow(`${reference} has version 2, and`);
  rmSync(join(path, reference));
  expect(await store.readSnapshot(reference)).toBeUndefined();
});
