import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { apartDefinition } from "../apart-definition.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Builds `gwops` as one file that needs nothing but Node; returns its size in bytes. */
export async function buildCli(outputFile: string): Promise<number> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["bin/gwops.ts"],
    outfile: outputFile,
    bundle: true,
    // Names stay, for stack traces that people send.
    minifySyntax: true,
    minifyWhitespace: true,
    platform: "node",
    target: "node20",
    format: "esm",
    mainFields: ["module", "main"],
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
    legalComments: "none",
    write: false,
    define: await apartDefinition(),
    logLevel: "warning",
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error("esbuild wrote no bundle");
  await mkdir(dirname(outputFile), { recursive: true });
  await rm(outputFile, { force: true });
  await writeFile(outputFile, bundle.contents);
  await chmod(outputFile, 0o755);
  return bundle.contents.length;
}

/** Some dependencies are CommonJS; in an ES module they find no `require`. */
const REQUIRE =
  'import { createRequire as gwopsRequire } from "node:module"; const require = gwopsRequire(import.meta.url);';

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outputFile = join(ROOT, "dist/cli/gwops.mjs");
  const kilobytes = ((await buildCli(outputFile)) / 1000).toFixed(1);
  console.log(`gwops is in ${relative(process.cwd(), outputFile)} (${kilobytes} kB)`);
}
