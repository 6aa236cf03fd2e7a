import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { copyDeclarations } from "./declarations.ts";

/**
 * Builds what `mlflow-gateway-ops/gateway` is: the client as an ES module and as CommonJS, each
 * with the declarations beside it, because TypeScript takes a declaration for what the nearest
 * package.json says. The code is not minified: who wants it small bundles it anyway, and a stack
 * trace stays readable without a source map.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENTRY = "src/gateway/public.ts";
/** Relative to `src`, which the declarations mirror. */
const ENTRY_DECLARATION = "gateway/public.d.ts";

const FORMATS = [
  { folder: "esm", format: "esm", type: "module" },
  { folder: "cjs", format: "cjs", type: "commonjs" },
] as const;
type Format = (typeof FORMATS)[number]["format"];

/** Writes `esm/` and `cjs/` below `outputFolder`, which is emptied first. */
export async function buildClient(outputFolder: string): Promise<void> {
  await rm(outputFolder, { recursive: true, force: true });
  await mkdir(outputFolder, { recursive: true });
  const types = await mkdtemp(join(outputFolder, "types-"));
  try {
    emitDeclarations(types);
    for (const { folder, format, type } of FORMATS) {
      const target = join(outputFolder, folder);
      await copyDeclarations(types, ENTRY_DECLARATION, join(target, "types"));
      await writeFile(join(target, "index.js"), await bundleClient({ format, minify: false }));
      await writeFile(join(target, "package.json"), `${JSON.stringify({ type })}\n`);
    }
  } finally {
    await rm(types, { recursive: true, force: true });
  }
}

interface BundleOptions {
  readonly format: Format;
  readonly minify: boolean;
}

/** The whole client in one file that imports nothing but modules of Node. */
export async function bundleClient({ format, minify }: BundleOptions): Promise<Uint8Array> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [ENTRY],
    outfile: "index.js",
    bundle: true,
    minify,
    platform: "node",
    target: "node20",
    format,
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const foreign = Object.keys(metafile.inputs).find((path) => !/^src\//.test(path));
  if (foreign) throw new Error(`the client bundles ${foreign}: it must stand alone`);
  const [bundle] = outputFiles;
  if (!bundle) throw new Error("esbuild wrote no bundle");
  return bundle.contents;
}

function emitDeclarations(folder: string): void {
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  execFileSync(tsc, ["-p", join(ROOT, "scripts/client"), "--outDir", folder], { stdio: "inherit" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outputFolder = join(ROOT, "dist/gateway");
  await buildClient(outputFolder);
  const { length } = await bundleClient({ format: "esm", minify: true });
  const kilobytes = (length / 1000).toFixed(1);
  console.log(
    `the client is in ${relative(process.cwd(), outputFolder)}/ (${kilobytes} kB minified)`,
  );
}
