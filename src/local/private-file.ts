import { randomUUID } from "node:crypto";
import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileFailure, LocalFileError, notRegular, systemCode } from "./errors.ts";

/** Nobody but the user may read what we keep: it names secrets, hosts and people. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const LINKS_MAX = 40;

/** The text of a file; `undefined` when there is none. Throws `LocalFileError`. */
export async function readIfAny(path: string): Promise<string | undefined> {
  try {
    if (!(await isRegular(path))) throw notRegular("read", path);
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw fileFailure("read", path, error);
  }
}

/**
 * Replaces the file as a whole: a reader, or a crash, sees the old text or the new one. A symbolic
 * link stays, and what it leads to is replaced. Throws `LocalFileError`.
 */
export async function replaceFile(link: string, text: string): Promise<void> {
  try {
    const path = await targetOf(link);
    if (!(await isRegular(path))) throw notRegular("written", link);
    await replaceTarget(path, text);
  } catch (error) {
    throw fileFailure("written", link, error);
  }
}

/** A device or a pipe may never come to an end, and is not ours to replace. True of what is not there. */
async function isRegular(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return true;
    throw error;
  }
}

async function replaceTarget(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeNew(temporary, text);
    await rename(temporary, path);
  } finally {
    // On a full or read-only disk the first failure says why.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
  await syncFolder(dirname(path));
}

/** Where links lead, also when there is nothing yet. */
async function targetOf(path: string, followed = 0): Promise<string> {
  // The system's own limit; then it says ELOOP itself.
  if (followed > LINKS_MAX) return realpath(path);
  try {
    const target = resolve(await realpath(dirname(path)), await readlink(path));
    return await targetOf(target, followed + 1);
  } catch (error) {
    // EINVAL: no link. ENOENT: nothing there, or no folder for it yet.
    if (["EINVAL", "ENOENT"].includes(systemCode(error) ?? "")) return path;
    throw error;
  }
}

/** Makes the file unless it exists; of two processes at once one succeeds. Throws `LocalFileError`. */
export async function createFile(path: string, text: string): Promise<boolean> {
  try {
    await writeNew(path, text);
    return true;
  } catch (error) {
    if (error instanceof LocalFileError) throw error;
    if (systemCode(error) === "EEXIST") return false;
    throw fileFailure("written", path, error);
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE }).catch((error: unknown) => {
    throw fileFailure("written", folder, error);
  });
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
