import { expect, test } from "@jest/globals";
import { type Ledger, type LedgerKind, type ListOptions, put, remove } from "#runtime/ledger.ts";
import { itemBytes } from "#runtime/ledger-limits.ts";

interface Note {
  text: string;
  tags?: string[] | undefined;
}

/** What every ledger must do; `makeLedger` may hand out the same one again and again. */
export function ledgerBehaviour(makeLedger: () => Ledger | Promise<Ledger>): void {
  test("a record that was never written is not there", async () => {
    const ledger = await makeLedger();

    expect(await ledger.read(aKind(), "a")).toBeUndefined();
    expect(await ledger.list(aKind())).toEqual([]);
  });

  test("a record comes back as it was written, and its revision grows by one", async () => {
    const ledger = await makeLedger();
    const kind = aKind();

    expect(await ledger.commit([put(kind, "a/b@1", { text: "one: ü" }, undefined)])).toBe(true);
    const first = await ledger.read(kind, "a/b@1");
    expect(await ledger.commit([put(kind, "a/b@1", { text: "two" }, first)])).toBe(true);

    expect(first).toEqual({ id: "a/b@1", value: { text: "one: ü" }, revision: 1 });
    expect(await ledger.read(kind, "a/b@1")).toEqual({
      id: "a/b@1",
      value: { text: "two" },
      revision: 2,
    });
  });

  test("a record that exists is not created again", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    await ledger.commit([put(kind, "a", { text: "first" }, undefined)]);

    expect(await ledger.commit([put(kind, "a", { text: "second" }, undefined)])).toBe(false);

    expect((await ledger.read(kind, "a"))?.value.text).toBe("first");
  });

  test("a write of what was read before another write is refused", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    await ledger.commit([put(kind, "a", { text: "first" }, undefined)]);
    const stale = await ledger.read(kind, "a");
    await ledger.commit([put(kind, "a", { text: "second" }, stale)]);

    expect(await ledger.commit([put(kind, "a", { text: "third" }, stale)])).toBe(false);
    expect(stale && (await ledger.commit([remove(kind, stale)]))).toBe(false);

    expect((await ledger.read(kind, "a"))?.value.text).toBe("second");
  });

  test("a removed record is gone, cannot be replaced, and begins afresh", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    await ledger.commit([put(kind, "a", { text: "first" }, undefined)]);
    const record = await ledger.read(kind, "a");
    if (!record) throw new Error("the record is missing");

    expect(await ledger.commit([remove(kind, record)])).toBe(true);

    expect(await ledger.read(kind, "a")).toBeUndefined();
    expect(await ledger.commit([put(kind, "a", { text: "again" }, record)])).toBe(false);
    expect(await ledger.commit([remove(kind, record)])).toBe(false);
    expect(await ledger.commit([put(kind, "a", { text: "anew" }, undefined)])).toBe(true);
    expect((await ledger.read(kind, "a"))?.revision).toBe(1);
  });

  test("of several writes none is carried out when one is refused", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const other = aKind();
    await ledger.commit([put(kind, "taken", { text: "first" }, undefined)]);

    const isDone = await ledger.commit([
      put(other, "before", { text: "new" }, undefined),
      put(kind, "taken", { text: "second" }, undefined),
      put(kind, "behind", { text: "new" }, undefined),
    ]);

    expect(isDone).toBe(false);
    expect(await ledger.list(other)).toEqual([]);
    expect((await ledger.list(kind)).map(({ value }) => value.text)).toEqual(["first"]);
  });

  test("100 writes are carried out together, and one more is refused before the call", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const ids = Array.from({ length: 101 }, (_, index) => `id-${index + 100}`);
    const writes = ids.map((id) => put(kind, id, { text: id }, undefined));

    await expect(ledger.commit(writes)).rejects.toMatchObject({
      name: "LedgerLimitError",
      message: "a commit of 101 writes; 100 are allowed",
    });
    expect(await ledger.list(kind)).toEqual([]);
    expect(await ledger.commit(writes.slice(1))).toBe(true);
    expect((await ledger.list(kind)).map(({ id }) => id)).toEqual(ids.slice(1));
  });

  test("no write at all is done", async () => {
    expect(await (await makeLedger()).commit([])).toBe(true);
  });

  test("a record of 400 KB is kept, and one of a byte more is refused before the call", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const expiresAtMs = Date.now() + 60_000;
    const ofText = (text: string) => put(kind, "ä", { text }, undefined, { expiresAtMs });
    const room = 400 * 1024 - itemBytes(ofText(""));
    // Two bytes of UTF-8 each, as the table counts.
    const largest = "ü".repeat(Math.floor(room / 2)) + "u".repeat(room % 2);

    await expect(ledger.commit([ofText(`${largest}u`)])).rejects.toMatchObject({
      name: "LedgerLimitError",
      message: `the record ${kind.name} ä has 409601 bytes; 409600 are allowed`,
    });
    expect(await ledger.commit([ofText(largest)])).toBe(true);
    expect((await ledger.read(kind, "ä"))?.value.text).toBe(largest);
  });

  test("a commit over 4 MB is refused before the call", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const write = (index: number) => put(kind, `${index}`, { text: "t".repeat(400e3) }, undefined);
    const writes = Array.from({ length: 10 }, (_, index) => write(index));

    await expect(ledger.commit(writes)).rejects.toMatchObject({
      name: "LedgerLimitError",
      message: expect.stringMatching(/^a commit of 10 writes has 400\d{4} bytes; 4000000 are/),
    });
    expect(await ledger.commit(writes.slice(1))).toBe(true);
  });

  test("an id of 1,024 bytes is kept, and a longer one is refused before the call", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const id = "ü".repeat(512);

    await expect(ledger.commit([put(kind, `${id}i`, { text: "" }, undefined)])).rejects.toThrow(
      `the id of the record ${kind.name} ${id}i has 1025 bytes; 1024 are allowed`,
    );
    expect(await ledger.commit([put(kind, id, { text: "long" }, undefined)])).toBe(true);
    expect((await ledger.read(kind, id))?.value.text).toBe("long");
  });

  test("what a later release wrote is neither read nor replaced", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const later = { ...kind, version: 2 };
    await ledger.commit([put(kind, "a", { text: "ours" }, undefined)]);
    const record = await ledger.read(kind, "a");
    await ledger.commit([put(later, "a", { text: "theirs" }, record)]);

    const newer = {
      name: "NewerVersionError",
      message: expect.stringContaining(
        `the record ${kind.name} a of the ledger has version 2, and this release`,
      ),
    };
    await expect(ledger.read(kind, "a")).rejects.toMatchObject(newer);
    await expect(ledger.list(kind)).rejects.toMatchObject(newer);
    expect(await ledger.commit([put(kind, "a", { text: "again" }, undefined)])).toBe(false);
    expect(await ledger.commit([put(kind, "a", { text: "again" }, record)])).toBe(false);
    expect((await ledger.read(later, "a"))?.value.text).toBe("theirs");
  });

  test("what an earlier release wrote is read by a later one", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    await ledger.commit([put(kind, "a", { text: "first" }, undefined)]);

    expect((await ledger.read({ ...kind, version: 2 }, "a"))?.value.text).toBe("first");
  });

  test("a list can go on past records that cannot be read", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    await ledger.commit([
      put({ ...kind, version: 2 }, "a", { text: "theirs" }, undefined),
      put(kind, "b", { text: "ours" }, undefined),
    ]);
    const unreadable: string[] = [];

    const records = await ledger.list(kind, {
      onUnreadable: (id, error) => unreadable.push(`${id}: ${error.code}`),
    });

    expect(records.map(({ id }) => id)).toEqual(["b"]);
    expect(unreadable).toEqual(["a: newer-version"]);
  });

  test("records are listed in order of their ids, of one kind only", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const other = aKind();
    for (const id of ["b", "a/2", "B", "a", "ä"]) {
      await ledger.commit([put(kind, id, { text: id }, undefined)]);
    }
    await ledger.commit([put(other, "c", { text: "c" }, undefined)]);

    expect((await ledger.list(kind)).map(({ id }) => id)).toEqual(["B", "a", "a/2", "b", "ä"]);
  });

  test("a list can go on after an id, and end after a number of records", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    for (const id of ["b", "a/2", "B", "a", "ä"]) {
      await ledger.commit([put(kind, id, { text: id }, undefined)]);
    }
    const ids = async (options: ListOptions) =>
      (await ledger.list(kind, options)).map(({ id }) => id);

    expect(await ids({ limit: 2 })).toEqual(["B", "a"]);
    expect(await ids({ limit: 2, after: "a" })).toEqual(["a/2", "b"]);
    expect(await ids({ limit: 2, after: "b" })).toEqual(["ä"]);
    expect(await ids({ after: "a/1" })).toEqual(["a/2", "b", "ä"]);
    expect(await ids({ limit: 9, after: "ä" })).toEqual([]);
  });

  test("of two runs that write the same at once exactly one succeeds", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    await ledger.commit([put(kind, "a", { text: "first" }, undefined)]);
    const record = await ledger.read(kind, "a");

    const results = await Promise.all(
      ["left", "right"].map((text) => ledger.commit([put(kind, "a", { text }, record)])),
    );

    expect(results.filter((isDone) => isDone)).toHaveLength(1);
    expect((await ledger.read(kind, "a"))?.revision).toBe(2);
  });

  test("what is done to a value after it was written or read changes nothing", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const value: Note = { text: "first", tags: ["one"] };
    await ledger.commit([put(kind, "a", value, undefined)]);
    value.tags?.push("two");
    (await ledger.read(kind, "a"))?.value.tags?.push("three");

    expect((await ledger.read(kind, "a"))?.value).toEqual({ text: "first", tags: ["one"] });
  });

  test("a field without a value is not kept", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    await ledger.commit([put(kind, "a", { text: "first", tags: undefined }, undefined)]);

    expect(Object.keys((await ledger.read(kind, "a"))?.value ?? {})).toEqual(["text"]);
  });

  test("a record that may be forgotten some day is there until then", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const expiresAtMs = Date.now() + 60_000.5;

    await ledger.commit([put(kind, "a", { text: "first" }, undefined, { expiresAtMs })]);

    expect((await ledger.read(kind, "a"))?.value.text).toBe("first");
  });
}

let kinds = 0;

/** A kind of its own for each use, so that tests can share one table. */
function aKind(): LedgerKind<Note> {
  kinds += 1;
  return { name: `note-${kinds}`, version: 1 };
}
