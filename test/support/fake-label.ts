import type { RejectedLabel } from "#secrets/revoked-version.ts";
import { ExpectedError } from "./builders.ts";

/** The label of Secrets Manager, of one version at a time. */
export class FakeLabel implements RejectedLabel {
  /** Version id by ARN. */
  readonly on = new Map<string, string>();
  isAllowed = true;

  async put(arn: string, versionId: string): Promise<void> {
    this.#check();
    this.on.set(arn, versionId);
  }

  async remove(arn: string, versionId: string): Promise<void> {
    this.#check();
    if (this.on.get(arn) === versionId) this.on.delete(arn);
  }

  #check(): void {
    if (!this.isAllowed) throw new ExpectedError("retry", "labelling failed with AccessDenied");
  }
}
