import { existsSync } from "node:fs";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import { apartDefinition } from "./apart-definition.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Bundle {
  readonly name: string;
  readonly sizeBytes: number;
  readonly gzipBytes: number;
}

/** The functions of the project: every folder that has a handler. */
export async function functionNames(): Promise<string[]> {
  const folders = await readdir(join(ROOT, "functions"));
  return folders.filter((name) => existsSync(join(ROOT, "functions", name, "handler.ts"))).sort();
}

/** Writes `functions/<name>/index.js` and `maps/<name>/index.js.map` below `outputFolder`. */
export async function buildFunctions(outputFolder: string): Promise<Bundle[]> {
  return Promise.all((await functionNames()).map((name) => bundleFunction(name, outputFolder)));
}

async function bundleFunction(name: string, outputFolder: string): Promise<Bundle> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [join("functions", name, "handler.ts")],
    outfile: join("functions", name, "index.js"),
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20",
    // Lambda loads CommonJS 13 to 17 ms faster than ESM; ES modules as input tree-shake better.
    format: "cjs",
    mainFields: ["module", "main"],
    sourcemap: "external",
    metafile: true,
    define: await apartDefinition(),
    // Only the sources ask where they lie, to start a process; a bundle carries its text.
    logOverride: { "empty-import-meta": "silent" },
    write: false,
    logLevel: "warning",
  });
  refuseConstructLibrary(name, result);
  const maps = join(outputFolder, "maps", name);
  const asset = join(outputFolder, "functions", name);
  await Promise.all([mkdir(maps, { recursive: true }), mkdir(asset, { recursive: true })]);
  let code: Uint8Array = new Uint8Array();
  for (const { path, contents } of result.outputFiles) {
    // The map stays out of the asset: it is larger than the code, and a stack trace is read here.
    const isMap = path.endsWith(".map");
    // Who deploys at the same time reads each file whole, the former or this one.
    const written = join(maps, `${basename(path)}.${process.pid}`);
    await writeFile(written, contents);
    await rename(written, join(isMap ? maps : asset, basename(path)));
    if (!isMap) code = contents;
  }
  return { name, sizeBytes: code.length, gzipBytes: gzipSync(code).length };
}

function refuseConstructLibrary(name: string, { metafile }: BuildResult<{ metafile: true }>): void {
  const found = Object.keys(metafile.inputs).find((path) => path.includes("/aws-cdk-lib/"));
  if (found) throw new Error(`the bundle of ${name} contains ${found}: it must not use the CDK`);
}

function printSizes(bundles: readonly Bundle[]): void {
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
  for (const { name, sizeBytes, gzipBytes } of bundles) {
    console.log(`${name.padEnd(20)}${kilobytes(sizeBytes)}${kilobytes(gzipBytes)} gzip`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outputFolder = join(ROOT, "dist");
  printSizes(await buildFunctions(outputFolder));
  console.log(`bundles are in ${relative(process.cwd(), join(outputFolder, "functions"))}/`);
}
