import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What both bundles carry as a text: what reads large manifests in a process of its own, as one script. */
export async function apartDefinition(): Promise<Record<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/apart/worker.ts"],
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
  return { GATEWAY_OPS_APART: JSON.stringify(bundle.text) };
}
