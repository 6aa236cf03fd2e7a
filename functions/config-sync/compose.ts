import { S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { ManifestBucket } from "#aws/bucket.ts";
import { parseManifest } from "#manifest/parse.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type { SyncDependencies } from "#reconcile/sync.ts";
import { readSettings } from "#runtime/settings.ts";
import { SECRET_WRITER_SETTINGS, secretWriter } from "../secret-writer.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings({
    ...SECRET_WRITER_SETTINGS,
    GATEWAY_OPS_MANIFEST_BUCKET: z.string().min(1),
  });
  const { tools, parts } = secretWriter(settings);
  const bucket = new ManifestBucket(
    // Path style works with every S3, whatever its name resolution.
    new S3Client({ forcePathStyle: true }),
    settings.GATEWAY_OPS_MANIFEST_BUCKET,
  );
  const dependencies = (runId: string): SyncDependencies => ({
    ...parts,
    manifests: bucket,
    reports: bucket,
    parse: parseManifest,
    toDesired,
    runId,
  });
  return { tools, dependencies };
}
