import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What both bundles carry as a text: the thread that reads large manifests, as one script. */
export async function threadDefinition(): Promise<Record<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/thread/worker.ts"],
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    mainFields: ["module", "main"],
    write: false,
    legalComments: "none",
    logLevel: "warning",
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error("esbuild wrote no bundle");
  return { GATEWAY_OPS_THREAD: JSON.stringify(bundle.text) };
}
