import { expect, test } from "@jest/globals";
import { type Ledger, type LedgerKind, put, remove } from "#runtime/ledger.ts";

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

  test("25 writes are carried out together", async () => {
    const ledger = await makeLedger();
    const kind = aKind();
    const ids = Array.from({ length: 25 }, (_, index) => `id-${index + 10}`);

    expect(await ledger.commit(ids.map((id) => put(kind, id, { text: id }, undefined)))).toBe(true);

    expect((await ledger.list(kind)).map(({ id }) => id)).toEqual(ids);
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
  return { name: `note-${kinds}` };
}
