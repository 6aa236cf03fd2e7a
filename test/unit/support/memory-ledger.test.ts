import { expect, test } from "@jest/globals";
import { put } from "#runtime/ledger.ts";
import { ledgerBehaviour } from "../../support/ledger-behaviour.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

ledgerBehaviour(() => new MemoryLedger());

test("a commit that the table would refuse to take is a bug of the test's subject", async () => {
  const ledger = new MemoryLedger();
  const write = (id: string) => put({ name: "note" }, id, {}, undefined);
  const many = Array.from({ length: 26 }, (_, index) => write(String(index)));

  await expect(ledger.commit([])).rejects.toThrow("0 writes at once");
  await expect(ledger.commit(many)).rejects.toThrow("26 writes at once");
  await expect(ledger.commit([write("a"), write("a")])).rejects.toThrow("two writes of one record");
});
