import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { FileLedger } from "#local/file-ledger.ts";
import { createFile, readIfAny, replaceFile } from "#local/private-file.ts";
import { systemClock } from "#runtime/clock.ts";
import { type LedgerKind, put } from "#runtime/ledger.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const folder = temporaryFolder();
const NOTES: LedgerKind<{ text: string }> = { name: "note", version: 1 };

writeFileSync(join(folder, "file"), "text");
mkdirSync(join(folder, "folder"));
symlinkSync("circle", join(folder, "circle"));

/** Paths at which no file can be, and what is said of them. */
const UNUSABLE = [
  ["below a file", join(folder, "file/ledger.json"), /a part of the path is a file/],
  ["a folder", join(folder, "folder"), /it is no regular file/],
  ["a link to itself", join(folder, "circle"), /its links lead in a circle/],
  ["a device without an end", "/dev/zero", /it is no regular file/],
  ["a device that takes nothing", "/dev/full", /it is no regular file/],
  ["a name that is too long", join(folder, "x".repeat(300)), /the path is too long/],
] as const;

test.each(UNUSABLE)(
  "what is %s is told in one sentence that says what to do",
  async (_, path, why) => {
    const failures = await Promise.all(
      [
        readIfAny(path),
        replaceFile(path, "new"),
        new FileLedger({ path, gateway: "localhost:5000", clock: systemClock }).list(NOTES),
        new FileLedger({ path, gateway: "localhost:5000", clock: systemClock }).commit([
          put(NOTES, "a", { text: "b" }, undefined),
        ]),
      ].map((use) => use.then(String, (error: unknown) => error)),
    );

    for (const failure of failures) {
      expect(failure).toMatchObject({ code: "local-file", disposition: "reject" });
      expect(String(failure)).toMatch(why);
      expect(String(failure)).toContain("--ledger FILE");
      expect(String(failure)).toContain(folder.slice(0, 5) === path.slice(0, 5) ? folder : "/dev/");
    }
  },
);

test("a file that cannot be made is told, and one that is there already is not", async () => {
  await expect(createFile(join(folder, "file/lock"), "x")).rejects.toMatchObject({
    code: "local-file",
    message: expect.stringMatching(/file cannot be written: a part of the path is a file/),
  });
  await expect(createFile(join(folder, "file"), "x")).resolves.toBe(false);
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("text");
});

test.each([null, 7, "text", []])(
  "a ledger in which a record is %j is told as none of ours, and not taken for a bug",
  async (value) => {
    const path = join(folder, `${JSON.stringify(value).length}-ledger.json`);
    const records = [{ kind: "note", id: "a", version: 1, revision: 1, value }];
    writeFileSync(path, JSON.stringify({ version: 1, gateway: "localhost:5000", records }));

    const ledger = new FileLedger({ path, gateway: "localhost:5000", clock: systemClock });

    await expect(ledger.list(NOTES)).rejects.toMatchObject({
      code: "local-file",
      message: expect.stringContaining("is not a ledger of gwops. Name another one"),
    });
  },
);
