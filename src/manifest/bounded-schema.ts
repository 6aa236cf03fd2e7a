import * as z from "zod";

/** Nobody reads more of one file; each costs a place and a sentence. */
export const FINDINGS_MAX = 100;

/** What one reading of a document found so far below lists and records. */
export interface Tally {
  kept: number;
  dropped: number;
}

type Run = z.core.$ZodType["_zod"]["run"];
type Issue = z.core.$ZodRawIssue;

/**
 * A schema of which every list and record keeps the first issues of its items and only counts the
 * rest: zod makes all of them, and of a long list they are many times larger than the document.
 * Nothing becomes valid by it, as an issue is dropped only where others are kept.
 */
export function withBoundedIssues<Schema extends z.ZodType>(root: Schema): Schema {
  const seen = new Set<z.core.$ZodType>();
  const walk = (schema: z.core.$ZodType): void => {
    if (seen.has(schema)) return;
    seen.add(schema);
    for (const item of itemsOf(schema)) if (!bounded.has(item)) bound(item);
    for (const part of [...itemsOf(schema), ...partsOf(schema)]) walk(part);
  };
  walk(root);
  return root;
}

/** What stands in it any number of times. */
function itemsOf(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element];
  return schema instanceof z.ZodRecord ? [schema.keyType, schema.valueType] : [];
}

function partsOf(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return [schema.unwrap()];
  if (schema instanceof z.ZodDiscriminatedUnion) return schema.options;
  return schema instanceof z.ZodObject ? Object.values(schema.shape) : [];
}

const bounded = new WeakSet<z.core.$ZodType>();

function bound(item: z.core.$ZodType): void {
  bounded.add(item);
  const run: Run = item._zod.run;
  item._zod.run = (payload, context) => {
    const tally = tallyOf(context);
    const before = tally?.kept ?? 0;
    const result = run(payload, context);
    if (!tally || result instanceof Promise || result.issues.length === 0) return result;
    const found = countIssues(result.issues);
    if (before < FINDINGS_MAX) {
      // What lists within it found is counted already.
      tally.kept = before + found;
      return result;
    }
    tally.dropped += found;
    return { value: result.value, issues: [] };
  };
}

/** How many sentences the issues become. */
export function countIssues(issues: readonly (Issue | z.core.$ZodIssue)[]): number {
  let count = 0;
  for (const issue of issues) {
    count += issue.code === "unrecognized_keys" ? (issue.keys as readonly string[]).length : 1;
  }
  return count;
}

/** The context of zod is made anew for each reading, from what the caller hands over. */
export function contextWith(tally: Tally): z.core.ParseContext<z.core.$ZodIssue> {
  return { tally } as z.core.ParseContext<z.core.$ZodIssue>;
}

function tallyOf(context: z.core.ParseContextInternal): Tally | undefined {
  return (context as { tally?: Tally }).tally;
}
