import { Metrics } from "@aws-lambda-powertools/metrics";

/** Metrics as lines of the log (EMF), which CloudWatch reads there: no call, no right. */
export function openMetrics(): Metrics {
  return new Metrics({ namespace: "GatewayOps" });
}
