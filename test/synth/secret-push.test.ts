import { expect, test } from "@jest/globals";
import { Match } from "aws-cdk-lib/assertions";
import { mappingFrom, permissionsOf, synthesize } from "../support/synth.ts";

const template = synthesize({ secretCacheTtlSeconds: "120", probe: "true" });
const permissions = permissionsOf(template, "SecretPushFunctionRole");

test("only a new current version of a secret is pushed", () => {
  template.hasResourceProperties("AWS::Events::Rule", {
    EventPattern: Match.exact({
      source: ["aws.secretsmanager"],
      "detail-type": ["Secret Label Updated"],
      detail: { labelUpdated: ["AWSCURRENT"] },
    }),
  });
});

test("at most two batches are handled at the same time", () => {
  const { ScalingConfig } = mappingFrom(template, "<SecretPushEvents.Arn>");

  expect(ScalingConfig).toEqual({ MaximumConcurrency: 2 });
});

test("the worker has nothing to do with manifests", () => {
  expect(permissions.filter((permission) => permission.startsWith("s3:"))).toEqual([]);
});

test("the worker reads provider keys only when they are tagged with an owner", () => {
  const keys = permissions.filter((permission) => permission.includes(":secret:*"));

  expect(keys).toHaveLength(2);
  for (const permission of keys) {
    expect(permission).toContain('"Null":{"aws:ResourceTag/gateway-ops:owner":"false"}');
  }
});

test("the worker is told all it needs", () => {
  template.hasResourceProperties("AWS::Lambda::Function", {
    Environment: {
      Variables: Match.exact({
        POWERTOOLS_SERVICE_NAME: "secret-push",
        GATEWAY_OPS_GATEWAY_URL: "https://mlflow.example.com",
        GATEWAY_OPS_CREDENTIALS_SECRET: "gateway-ops/login",
        GATEWAY_OPS_LEDGER_TABLE: { Ref: Match.stringLikeRegexp("^Ledger") },
        GATEWAY_OPS_QUEUE_URL: { Ref: Match.stringLikeRegexp("^SecretPushEvents") },
        GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: "120",
        GATEWAY_OPS_PROBE: "true",
      }),
    },
  });
});
