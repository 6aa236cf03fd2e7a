import type { RunReport } from "#reconcile/report.ts";
import type { ReportStore } from "#reconcile/run-record.ts";
import type { ManifestFile, ManifestSource } from "#reconcile/sync.ts";

/** The versioned bucket of manifests and reports, in memory. */
export class FakeBucket implements ManifestSource, ReportStore {
  readonly reports: RunReport[] = [];
  readonly #files = new Map<string, ManifestFile>();
  #versions = 0;

  /** Puts a new version of a manifest: text as it is, anything else as JSON. */
  put(key: string, manifest: unknown): void {
    this.#versions += 1;
    const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
    this.#files.set(key, { text, versionId: `object-version-${this.#versions}` });
  }

  delete(key: string): void {
    this.#files.delete(key);
  }

  readNewest(key: string): Promise<ManifestFile | undefined> {
    return Promise.resolve(this.#files.get(key));
  }

  write(report: RunReport): Promise<string> {
    this.reports.push(structuredClone(report));
    return Promise.resolve(`reports/${this.reports.length}.json`);
  }
}
