import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { planJsonSchema } from "#cli/input/plan-schema.ts";
import { manifestJsonSchema, policyJsonSchema } from "#manifest/json-schema.ts";
import { withTables } from "./manifest/tables.ts";

/** Writes what is generated from schemas and rules: `npm run schema`. */

const ROOT = new URL("../", import.meta.url);
const SCHEMAS = {
  "src/manifest/manifest.schema.json": manifestJsonSchema(),
  "src/manifest/policy.schema.json": policyJsonSchema(),
  "src/cli/plan.schema.json": planJsonSchema(),
};
const DOCUMENT = new URL("docs/manifest.md", ROOT);

for (const [path, schema] of Object.entries(SCHEMAS)) {
  const url = new URL(path, ROOT);
  writeFileSync(url, `${JSON.stringify(schema, null, 2)}\n`);
  execFileSync("npx", ["biome", "format", "--write", fileURLToPath(url)], { stdio: "ignore" });
}
writeFileSync(DOCUMENT, withTables(readFileSync(DOCUMENT, "utf8")));
console.log(`wrote ${Object.keys(SCHEMAS).join(", ")} and docs/manifest.md`);
