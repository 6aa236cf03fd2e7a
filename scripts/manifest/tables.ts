import { manifestJsonSchema, policyJsonSchema } from "#manifest/json-schema.ts";
import { SUPPRESSION_RULES, VALUE_RULES } from "#manifest/lint.ts";
import { RULES } from "#manifest/rules/all.ts";
import { PLAN_RULES } from "#reconcile/plan-rules.ts";

/** The part of JSON Schema that the generated schema uses for fields. */
interface FieldSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly items?: FieldSchema;
  readonly additionalProperties?: FieldSchema;
  readonly oneOf?: readonly FieldSchema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
}

/** The document of the manifest language with all its tables. */
export function withTables(markdown: string): string {
  const withFields = withTable(markdown, "fields", fieldTable(manifestJsonSchema()));
  const withPolicy = withTable(withFields, "policy", grantTable(policyJsonSchema()));
  return withTable(withPolicy, "rules", ruleTable());
}

/** What a policy can grant an owner. */
export function grantTable(schema: unknown): string {
  const { owners } = (schema as FieldSchema).properties ?? {};
  const rows = fieldRows(owners?.additionalProperties ?? {}, "");
  return ["| grant | | what it grants |", "|---|---|---|", ...rows].join("\n");
}

/** The fields of a language as a Markdown table. */
export function fieldTable(schema: unknown): string {
  const rows = fieldRows(schema as FieldSchema, "");
  return ["| field | | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** All rules as a Markdown table: those of the files, then those of the plan. */
function ruleTable(): string {
  const ofFiles = [...RULES, ...SUPPRESSION_RULES].map(({ why, since, ...rule }) => ({
    ...rule,
    why: since ? `From MLflow ${since} on: ${why}` : why,
  }));
  const ofPlans = Object.entries(PLAN_RULES).map(([id, text]) => ({
    id,
    severity: "error of the plan",
    ...text,
  }));
  const ofValues = VALUE_RULES.map((text) => ({ ...text, severity: "error of the value" }));
  const rows = [...ofFiles, ...ofPlans, ...ofValues].map(
    ({ id, severity, title, why }) => `| \`${id}\` | ${severity} | ${title} | ${why} |`,
  );
  return ["| rule | | what it finds | why |", "|---|---|---|---|", ...rows].join("\n");
}

/** The file with a new text between the markers `<!-- name -->` and `<!-- /name -->`. */
export function withTable(markdown: string, name: string, table: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [markdown.indexOf(open), markdown.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`the markers ${open} and ${close} are missing`);
  return `${markdown.slice(0, start)}${open}\n${table}\n${markdown.slice(end)}`;
}

function fieldRows(schema: FieldSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const path = `${prefix}${key}`;
    const isRequired = schema.required?.includes(key) ?? false;
    const item = managedOf(field.items);
    const name = item ? `${path}[]` : path;
    const shown = item && prefix === "" ? `**\`${name}\`**` : `\`${name}\``;
    const row = `| ${shown} | ${isRequired ? "required" : ""} | ${meaningOf(field)} |`;
    return [row, ...fieldRows(item ?? field, `${name}.`)];
  });
}

/** Of a resource that may be external, the other form. */
function managedOf(items: FieldSchema | undefined): FieldSchema | undefined {
  const item = items?.oneOf?.[0] ?? items;
  return item?.properties ? item : undefined;
}

function meaningOf({ description = "", enum: values }: FieldSchema): string {
  const among = values ? ` (${values.map((value) => `\`${value}\``).join(", ")})` : "";
  return `${description}${among}`.replaceAll("|", "\\|");
}
