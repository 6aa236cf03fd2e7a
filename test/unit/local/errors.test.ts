import { expect, test } from "@jest/globals";
import { fileFailure, LocalFileError } from "#local/errors.ts";

test.each([
  ["EROFS", "the file system is read-only"],
  ["EACCES", "this user may not do that there"],
  ["EPERM", "this user may not do that there"],
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the quota of this user is used up"],
  ["EFBIG", "this user may not write a file of that length"],
  ["EIO", "EIO"],
])("of %s one sentence says what, where, why and what to do", (code, why) => {
  const cause = Object.assign(new Error("of the system"), { code });

  const failure = fileFailure("written", "/home/ada/ledger.json", cause);

  expect(failure).toBeInstanceOf(LocalFileError);
  expect(failure).toMatchObject({
    cause,
    message: `/home/ada/ledger.json cannot be written: ${why}; make that possible, or name another place with --ledger FILE (GATEWAY_OPS_LEDGER)`,
  });
});
