import { readFileSync } from "node:fs";
import { parse } from "yaml";

const TEXT = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");

/** The names that a reader of docs/ci.md replaces. */
export const CI_BUCKET = "gateway-ops-manifests";
export const CI_OWNER = "search";

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
}

interface Workflow {
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

/** A document in docs/ci.md by the name that stands behind its fence. */
function documentNamed(name: string): string {
  const [, text] = new RegExp(`^\`\`\`(?:json|yaml) ${name}\n(.*?)^\`\`\``, "ms").exec(TEXT) ?? [];
  if (text === undefined) throw new Error(`docs/ci.md holds no ${name}`);
  return text;
}

/** An IAM policy, as JSON, with `bucket` in the place of the example's. */
export function ciPolicy(name: string, bucket = CI_BUCKET): string {
  return JSON.stringify(JSON.parse(documentNamed(name).replaceAll(CI_BUCKET, bucket)));
}

/** The commands of a job in their order; what others' actions do is not among them. */
export function ciCommands(job: string): { readonly name: string; readonly run: string }[] {
  const { jobs } = parse(documentNamed("workflow")) as Workflow;
  return (jobs[job]?.steps ?? []).flatMap(({ name = "", run }) => (run ? [{ name, run }] : []));
}
