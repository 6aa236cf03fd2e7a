import { locator } from "#manifest/locate.ts";
import { parseManifest } from "#manifest/parse.ts";
import { parsePolicy } from "#manifest/policy.ts";
import type {
  ManifestFinding,
  ManifestIssue,
  ParsedPolicy,
  PlacelessResult,
} from "#manifest/types.ts";

/** What a thread is asked for; both ways go data only, so that functions stay where they are. */
export type Task =
  | { readonly is: "manifest" | "policy"; readonly content: Uint8Array }
  | {
      readonly is: "places";
      readonly content: Uint8Array;
      readonly findings: readonly ManifestFinding[];
      readonly hidden: number;
    };

export type Answer = PlacelessResult | ParsedPolicy | readonly ManifestIssue[];

export async function carryOut(task: Task): Promise<Answer> {
  switch (task.is) {
    case "manifest": {
      const parsed = await parseManifest(task.content);
      return parsed.isValid ? { isValid: true, manifest: parsed.manifest } : parsed;
    }
    case "policy":
      return parsePolicy(task.content);
    case "places": {
      // A byte order mark is no part of the text.
      const text = new TextDecoder().decode(task.content);
      return locator(text)(task.findings, task.hidden);
    }
  }
}
