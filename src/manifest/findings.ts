import { FINDINGS_MAX } from "./bounded-schema.ts";
import type { ManifestFinding, ManifestIssue } from "./types.ts";

/** What is found in one file: the first findings, and of all others only how many they are. */
export class FindingList {
  readonly first: ManifestFinding[] = [];
  readonly #most: number;
  #count = 0;

  constructor(most = FINDINGS_MAX) {
    this.#most = most;
  }

  get isFull(): boolean {
    return this.first.length >= this.#most;
  }

  get count(): number {
    return this.#count;
  }

  get hidden(): number {
    return this.#count - this.first.length;
  }

  /** Of a sequence that makes them one by one, no more than the first are ever held. */
  add(findings: Iterable<ManifestFinding>, hidden = 0): void {
    this.#count += hidden;
    for (const finding of findings) {
      if (!this.isFull) this.first.push(finding);
      this.#count += 1;
    }
  }
}

/** How many findings there are, with those that one of the issues only counts. */
export function countOf(issues: readonly ManifestIssue[]): number {
  return issues.reduce((count, { hidden }) => count + (hidden ?? 1), 0);
}
