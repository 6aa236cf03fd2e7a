import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { RunReport } from "#reconcile/report.ts";
import type { ReportStore } from "#reconcile/run-record.ts";
import type { ManifestFile, ManifestSource } from "#reconcile/sync.ts";
import { awsCall } from "./aws-call.ts";

/** The bucket: manifests go in under `manifests/`, reports come out under `reports/`. */
export class ManifestBucket implements ManifestSource, ReportStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async readNewest(key: string): Promise<ManifestFile | undefined> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return awsCall(`reading ${key}`, async () => {
      try {
        const { Body, VersionId, ETag } = await this.#client.send(command);
        const text = (await Body?.transformToString("utf-8")) ?? "";
        // The ETag stands in where a bucket has no versions.
        return { text, versionId: VersionId ?? ETag ?? "" };
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  async write(report: RunReport): Promise<string> {
    const time = report.started_at.replace(/[:.]/g, "-");
    const key = `reports/${time}-${report.run_id}.json`;
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: JSON.stringify(report, null, 2),
      ContentType: "application/json",
    });
    await awsCall(`writing ${key}`, () => this.#client.send(command));
    return key;
  }
}
