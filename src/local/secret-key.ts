import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Clock } from "#runtime/clock.ts";
import { Redacted } from "#runtime/redacted.ts";
import { LocalFileError } from "./errors.ts";
import { withFileLock } from "./file-lock.ts";
import { readIfAny, replaceFile } from "./private-file.ts";

const KEY_BYTES = 32;
const HEX_KEY = new RegExp(`^[0-9a-f]{${KEY_BYTES * 2}}\\n?$`);
const OTHERS = 0o077;

/**
 * The key by which values are recognised, made at the first use. Whoever has it could test guesses
 * of a value against the ledger, so a file that others can read is refused.
 */
export async function readOrMakeKey(
  path: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Redacted<Buffer>> {
  const text = (await readKey(path)) ?? (await makeKey(path, clock, signal));
  if (!HEX_KEY.test(text)) {
    throw new LocalFileError(
      `${path} must hold ${KEY_BYTES} bytes in hexadecimal. Remove it to have a new one made: ` +
        "each secret is then pushed once more",
    );
  }
  return new Redacted(Buffer.from(text.trim(), "hex"));
}

async function readKey(path: string): Promise<string | undefined> {
  const text = await readIfAny(path);
  if (text === undefined) return undefined;
  // Windows has other means to say who may read a file, and makes up these bits.
  const isOpen = process.platform !== "win32" && ((await stat(path)).mode & OTHERS) !== 0;
  if (!isOpen) return text;
  throw new LocalFileError(
    `${path} can be read by other users: run "chmod 600 ${path}", or remove the file if somebody ` +
      "may have read it (each secret is then pushed once more)",
  );
}

async function makeKey(
  path: string,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<string> {
  return withFileLock({ path: `${path}.lock`, clock, signal }, async () => {
    const text = (await readKey(path)) ?? randomBytes(KEY_BYTES).toString("hex");
    await replaceFile(path, text.endsWith("\n") ? text : `${text}\n`);
    return text;
  });
}
