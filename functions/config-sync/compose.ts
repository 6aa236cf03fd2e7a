import { S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { parseApart, parsePolicyApart } from "#apart/read-apart.ts";
import { ManifestBucket } from "#aws/bucket.ts";
import { systemClock } from "#runtime/clock.ts";
import { paceOf } from "#runtime/pace.ts";
import { RequestCount } from "#runtime/request-count.ts";
import { serverAddress } from "#runtime/server.ts";
import { readSettings } from "#runtime/settings.ts";
import { TENANCIES } from "#sync/tenancy.ts";
import type { Deadlines } from "../deadlines.ts";
import { openMetrics } from "../metrics.ts";
import { SECRET_WRITER_SETTINGS, secretWriter } from "../secret-writer.ts";
import { truth } from "../truth.ts";
import type { HandleDependencies } from "./handle-trigger.ts";

const share = z.coerce.number().min(0).max(1);

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings({
    ...SECRET_WRITER_SETTINGS,
    GATEWAY_OPS_MANIFEST_BUCKET: z.string().min(1),
    GATEWAY_OPS_PRUNE: truth,
    GATEWAY_OPS_SELF_HEAL: truth,
    GATEWAY_OPS_MAX_DELETE_SHARE: share,
    GATEWAY_OPS_MAX_UPDATE_SHARE: share,
    GATEWAY_OPS_MAX_WRITES_PER_SECOND: z.coerce.number().int().positive(),
    GATEWAY_OPS_TENANCY: z.enum(TENANCIES),
    GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE: truth,
  });
  const requests = new RequestCount();
  const { tools, parts } = secretWriter(settings, requests.add);
  // Path style works with every S3, whatever its name resolution.
  const s3 = new S3Client({ forcePathStyle: true });
  const pace = paceOf(settings.GATEWAY_OPS_MAX_WRITES_PER_SECOND, systemClock);
  const dependencies = (runId: string, deadlines: Deadlines): HandleDependencies => ({
    ...parts(runId, deadlines),
    ...stores(new ManifestBucket(s3, settings.GATEWAY_OPS_MANIFEST_BUCKET, deadlines.recording)),
    server: serverAddress(settings.GATEWAY_OPS_GATEWAY_URL),
    parse: parseApart(),
    parsePolicy: parsePolicyApart(),
    tenancy: settings.GATEWAY_OPS_TENANCY,
    requestCounts: requests.counts,
    pace,
    planSettings: {
      prune: settings.GATEWAY_OPS_PRUNE,
      limits: {
        maxDeleteShare: settings.GATEWAY_OPS_MAX_DELETE_SHARE,
        maxUpdateShare: settings.GATEWAY_OPS_MAX_UPDATE_SHARE,
      },
      allowLoopbackApiBase: settings.GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE,
      sources: "aws",
    },
    selfHeal: settings.GATEWAY_OPS_SELF_HEAL,
  });
  return { tools, metrics: openMetrics(), dependencies };
}

/** One bucket is all of these. */
function stores(bucket: ManifestBucket) {
  return {
    manifests: bucket,
    approvals: bucket,
    snapshots: bucket,
    reports: bucket,
    previews: bucket,
  };
}
