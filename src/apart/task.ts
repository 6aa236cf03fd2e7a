import { locatorOf, type Shape, shapeOfManifest } from "#manifest/parse.ts";
import { shapeOfPolicy } from "#manifest/policy.ts";
import type { Policy } from "#manifest/policy-schema.ts";
import type { Manifest, ManifestFinding, ManifestIssue } from "#manifest/types.ts";

/** What a thread is asked for; both ways go data only, so that functions stay where they are. */
export type Task =
  | { readonly is: "manifest" | "policy"; readonly content: Uint8Array }
  | {
      readonly is: "places";
      readonly content: Uint8Array;
      readonly findings: readonly ManifestFinding[];
      readonly hidden: number;
    };

export type Answer = Shape<Manifest> | Shape<Policy> | readonly ManifestIssue[];

export async function carryOut(task: Task): Promise<Answer> {
  switch (task.is) {
    case "manifest":
      return shapeOfManifest(task.content);
    case "policy":
      return shapeOfPolicy(task.content);
    case "places":
      return locatorOf(task.content)(task.findings, task.hidden);
  }
}
