import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

const execute = promisify(execFile);

/** What a program writes; an error with all of it when it fails. */
export async function run(
  command: string,
  parameters: readonly string[],
  folder: string,
): Promise<string> {
  const options = { cwd: folder, timeout: 120_000 };
  try {
    return (await execute(command, parameters, options)).stdout;
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string };
    throw new Error(`${command} ${parameters.join(" ")}:\n${stdout}\n${stderr}`, { cause });
  }
}

/** The path of the tarball that `npm pack` makes of this project, building it first. */
export async function packProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-ops-pack-"));
  await run("npm", ["pack", "--pack-destination", folder], PROJECT);
  const [file] = await readdir(folder);
  if (!file) throw new Error("npm pack wrote nothing");
  return join(folder, file);
}

/** A project of a user that has installed the tarball, and nothing else. */
export async function installedProject(
  tarball: string,
  type: "module" | "commonjs",
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `gateway-ops-${type}-`));
  await write(folder, "package.json", JSON.stringify({ name: "consumer", private: true, type }));
  // Offline: the package needs no other, so no registry either.
  await run("npm", ["install", "--no-audit", "--no-fund", "--offline", tarball], folder);
  return folder;
}

export async function write(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), text);
}

/** Type-checks one file as its owner would, with declarations of Node but nothing else of ours. */
export async function typeCheck(
  folder: string,
  file: string,
  modules: { readonly module: string; readonly moduleResolution: string },
): Promise<string> {
  const compilerOptions = {
    ...modules,
    target: "es2022",
    lib: ["es2022"],
    types: ["node"],
    typeRoots: [join(PROJECT, "node_modules/@types")],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    skipLibCheck: false,
    noEmit: true,
  };
  await write(folder, "tsconfig.json", JSON.stringify({ compilerOptions, files: [file] }));
  return await run(join(PROJECT, "node_modules/.bin/tsc"), ["-p", folder], folder);
}
