import { expect, test } from "@jest/globals";
import { InvariantError } from "#runtime/assert.ts";
import { readTrigger as readSyncTrigger } from "../../../functions/config-sync/trigger.ts";
import { readTrigger as readPushTrigger } from "../../../functions/secret-push/trigger.ts";

const ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/openai-AbCdEf";

/** An event of S3 as EventBridge delivers it; unlike S3's own notifications its key is not encoded. */
function objectCreated(key: string) {
  return {
    version: "0",
    id: "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    source: "aws.s3",
    account: "111122223333",
    time: "2026-11-23T12:00:00Z",
    region: "eu-central-1",
    resources: ["arn:aws:s3:::manifests"],
    detail: {
      version: "0",
      bucket: { name: "manifests" },
      object: {
        key,
        size: 5,
        etag: "b1946ac92492d2347c6235b4d2611184",
        "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
        sequencer: "617f08299329d189",
      },
      "request-id": "N4N7GDK58NMKJ12R",
      requester: "111122223333",
      "source-ip-address": "192.0.2.1",
      reason: "PutObject",
    },
  };
}

/** An event of Secrets Manager: a version got a stage. */
function labelUpdated(changes: object = {}) {
  return {
    version: "0",
    id: "0d079340-135a-c8c6-95c2-41fb8f496c53",
    "detail-type": "Secret Label Updated",
    source: "aws.secretsmanager",
    account: "111122223333",
    time: "2026-11-23T12:00:00Z",
    region: "eu-central-1",
    resources: [ARN],
    detail: {
      name: "prod/openai",
      labelUpdated: "AWSCURRENT",
      versionId: "3f1f6a0e-8f3b-4c62-9a5c-2d4b1f0f8a11",
    },
    ...changes,
  };
}

/** What the schedules send; the time only tells one message from the next. */
const scheduled = (look: string) => JSON.stringify({ look, at: "2026-11-23T12:00:00Z" });

const CHECKSUM = "0123456789abcdef".repeat(4);

test.each(["manifests/search/gateway.yaml", "manifests/search/größe & more+1 %41.yaml"])(
  "a manifest that was put makes its owner be looked at, under its own key: %s",
  (key) => {
    expect(readSyncTrigger(JSON.stringify(objectCreated(key)))).toEqual({
      look: "owner",
      owner: "search",
      put: { key, by: "111122223333" },
    });
  },
);

test("a manifest in no folder has no owner, which is told and not passed over", () => {
  expect(readSyncTrigger(JSON.stringify(objectCreated("manifests/gateway.yaml")))).toMatchObject({
    look: "owner",
    owner: "",
  });
});

test("the policy concerns all owners", () => {
  const key = "manifests/policy.yaml";

  expect(readSyncTrigger(JSON.stringify(objectCreated(key)))).toEqual({
    look: "policy",
    put: { key, by: "111122223333" },
  });
});

test("a policy in the folder of an owner is a manifest like any other", () => {
  const body = JSON.stringify(objectCreated("manifests/search/policy.yaml"));

  expect(readSyncTrigger(body)).toMatchObject({ look: "owner", owner: "search" });
});

test("a file under plans/ is previewed", () => {
  const key = "plans/search/gateway.yaml";

  expect(readSyncTrigger(JSON.stringify(objectCreated(key)))).toEqual({
    look: "preview",
    put: { key, by: "111122223333" },
  });
});

test("an approval is known by its checksum and by who put it", () => {
  const key = `approvals/${CHECKSUM}`;

  expect(readSyncTrigger(JSON.stringify(objectCreated(key)))).toEqual({
    look: "approval",
    checksum: CHECKSUM,
    put: { key, by: "111122223333" },
  });
});

test("S3 need not say who put an object", () => {
  const { detail, ...event } = objectCreated("plans/search/gateway.yaml");
  const { requester: _, ...anonymous } = detail;
  const body = JSON.stringify({ ...event, detail: anonymous });

  expect(readSyncTrigger(body)).toMatchObject({ put: { by: undefined } });
});

test.each([
  "manifests/",
  "manifests/search/",
  "plans/",
  "plans/search/",
  "approvals/",
  `approvals/${CHECKSUM}.json`,
  `approvals/${CHECKSUM.slice(1)}`,
  `approvals/${CHECKSUM.toUpperCase()}`,
  `approvals/search/${CHECKSUM}`,
  "runs/search/latest.json",
  "plan-results/search/gateway.yaml.json",
])("%s is nothing to look at", (key) => {
  expect(readSyncTrigger(JSON.stringify(objectCreated(key)))).toEqual({ look: "nothing" });
});

test("a secret with a new current version is looked at", () => {
  expect(readPushTrigger(JSON.stringify(labelUpdated()))).toEqual({
    sourceArn: ARN,
    versionId: "3f1f6a0e-8f3b-4c62-9a5c-2d4b1f0f8a11",
  });
});

test("the ARN of a secret may be followed by other resources", () => {
  const resources = [ARN, "arn:aws:kms:eu-central-1:111122223333:key/1"];

  expect(readPushTrigger(JSON.stringify(labelUpdated({ resources })))).toMatchObject({
    sourceArn: ARN,
  });
});

test("a schedule makes both look at what is pending, and config sync at drift", () => {
  expect(readSyncTrigger(scheduled("pending"))).toEqual({ look: "pending" });
  expect(readSyncTrigger(scheduled("drift"))).toEqual({ look: "drift" });
  expect(readPushTrigger(scheduled("pending"))).toEqual({ look: "pending" });
});

const GARBAGE: readonly unknown[] = [
  null,
  {},
  [],
  "text",
  { look: "owner", owner: "search" },
  { look: "nothing" },
  { look: true },
];

test.each([
  ...GARBAGE,
  labelUpdated(),
  objectCreated(""),
  { ...objectCreated("key"), source: "somebody.else" },
  { ...objectCreated("key"), detail: {} },
])("what no rule of ours can have sent is a bug, not handleTrigger for config sync: %j", (body) => {
  expect(() => readSyncTrigger(JSON.stringify(body))).toThrow(InvariantError);
});

test.each([
  ...GARBAGE,
  objectCreated("key"),
  { look: "drift" },
  labelUpdated({ source: "somebody.else" }),
  labelUpdated({ resources: [] }),
  labelUpdated({ resources: ["prod/openai"] }),
  labelUpdated({ detail: { name: "prod/openai" } }),
])("what no rule of ours can have sent is a bug, not handleTrigger for secret push: %j", (body) => {
  expect(() => readPushTrigger(JSON.stringify(body))).toThrow(InvariantError);
});

test.each(["", "no json", "{"])(
  "a body that is no JSON is not handleTrigger either: %j",
  (body) => {
    expect(() => readSyncTrigger(body)).toThrow();
    expect(() => readPushTrigger(body)).toThrow();
  },
);
