import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "./errors.ts";

/** Nobody but the user may read what we keep: it names secrets, hosts and people. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The text of a file; `undefined` when there is none. */
export async function readIfAny(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces the file as a whole: a reader, or a crash, sees the old text or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeNew(temporary, text);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
}

/** Makes the file unless it exists; of two processes at once one succeeds. */
export async function createFile(path: string, text: string): Promise<boolean> {
  try {
    await writeNew(path, text);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const file = await open(path, "wx", FILE_MODE);
  await closing(file, async () => {
    await file.writeFile(text);
    await file.sync();
  });
}

/** So that the new name survives a loss of power too. */
async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder, and has no need to.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  await closing(folder, () => folder.sync());
}

async function closing(file: FileHandle, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } finally {
    await file.close();
  }
}
