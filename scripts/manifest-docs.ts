import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { manifestJsonSchema } from "#manifest/json-schema.ts";
import { fieldTable, ruleTable, withTable } from "./manifest/tables.ts";

/** Writes what is generated from the manifest's schema and rules: `npm run schema`. */

const ROOT = new URL("../", import.meta.url);
const SCHEMA = new URL("src/manifest/manifest.schema.json", ROOT);
const DOCUMENT = new URL("docs/manifest.md", ROOT);

const schema = manifestJsonSchema();
writeFileSync(SCHEMA, `${JSON.stringify(schema, null, 2)}\n`);
execFileSync("npx", ["biome", "format", "--write", fileURLToPath(SCHEMA)], { stdio: "ignore" });

const markdown = readFileSync(DOCUMENT, "utf8");
const withFields = withTable(markdown, "fields", fieldTable(schema));
writeFileSync(DOCUMENT, withTable(withFields, "rules", ruleTable()));
console.log("wrote src/manifest/manifest.schema.json and docs/manifest.md");
