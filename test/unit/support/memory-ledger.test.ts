import { expect, test } from "@jest/globals";
import { put } from "#runtime/ledger.ts";
import { ledgerBehaviour } from "../../support/ledger-behaviour.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

ledgerBehaviour(() => new MemoryLedger());

test("two writes of one record in one commit are a bug of the test's subject", async () => {
  const ledger = new MemoryLedger();
  const write = (id: string) => put({ name: "note", version: 1 }, id, {}, undefined);

  await expect(ledger.commit([write("a"), write("a")])).rejects.toThrow("two writes of one record");
});
