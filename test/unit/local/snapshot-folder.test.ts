import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { SnapshotFolder } from "#local/snapshot-folder.ts";
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
  const store = new SnapshotFolder(path);

  const reference = await store.writeSnapshot(aSnapshot());

  expect(reference).toBe("default@team-a/2026-11-23T12-00-00-000Z-run-1.json");
  expect(await store.readSnapshot(reference)).toEqual(aSnapshot());
  expect(statSync(join(path, reference)).mode & 0o777).toBe(0o600);
});

test("what nothing refers to any more is removed, once or twice", async () => {
  const path = aFolder();
  const store = new SnapshotFolder(path);
  const reference = await store.writeSnapshot(aSnapshot());
  const other = await store.writeSnapshot(aSnapshot({ run_id: "run-2" }));

  await store.forgetSnapshot(reference);
  await store.forgetSnapshot(reference);

  expect(await store.readSnapshot(reference)).toBeUndefined();
  expect(await store.readSnapshot(other)).toBeDefined();
});

test.each(["..", "../../etc", "a/b"])("the owner %s leads nowhere else", async (owner) => {
  const path = aFolder();

  await new SnapshotFolder(path).writeSnapshot(aSnapshot({ owner }));

  expect(readdirSync(path)).toEqual([`default@${encodeURIComponent(owner)}`]);
});

test("what is no snapshot is named, and one that is gone is none", async () => {
  const path = aFolder();
  const store = new SnapshotFolder(path);
  const reference = await store.writeSnapshot(aSnapshot());

  for (const text of ["", "{", "null", "[]", "{}", JSON.stringify({ ...aSnapshot(), files: 1 })]) {
    writeFileSync(join(path, reference), text);
    await expect(store.readSnapshot(reference)).rejects.toMatchObject({
      code: "damaged-snapshot",
      message: expect.stringContaining(`${reference} is not a snapshot`),
    });
  }
  writeFileSync(join(path, reference), JSON.stringify({ ...aSnapshot(), version: 2 }));
  await expect(store.readSnapshot(reference)).rejects.toThrow(`${reference} has version 2, and`);
  rmSync(join(path, reference));
  expect(await store.readSnapshot(reference)).toBeUndefined();
});
