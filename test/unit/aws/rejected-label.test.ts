import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { expect, test } from "@jest/globals";
import { SecretsManagerLabel } from "#aws/rejected-label.ts";

const SIGNAL = new AbortController().signal;
const ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/openai-AbCdEf";
const LABEL = { SecretId: ARN, VersionStage: "GATEWAY_OPS_REJECTED" };

/** Secrets Manager with two versions, one of which may have the label; `writes` are label moves. */
function labelOf(holder: string | undefined, refusal?: string) {
  const writes: unknown[] = [];
  const stages = (id: string, stage: string) => [
    stage,
    ...(id === holder ? [LABEL.VersionStage] : []),
  ];
  const send = async ({ input }: { readonly input: object }) => {
    if (!("VersionStage" in input)) {
      const old = stages("old", "AWSPREVIOUS");
      return { ARN, VersionIdsToStages: { old, new: stages("new", "AWSCURRENT") } };
    }
    if (refusal) throw Object.assign(new Error("as AWS puts it"), { name: refusal });
    writes.push(input);
    return {};
  };
  return { writes, label: new SecretsManagerLabel({ send } as unknown as SecretsManagerClient) };
}

test.each([
  ["is put on the version", undefined, [{ ...LABEL, MoveToVersionId: "new" }]],
  [
    "is moved from another",
    "old",
    [{ ...LABEL, MoveToVersionId: "new", RemoveFromVersionId: "old" }],
  ],
  ["stays where it is", "new", []],
])("the label %s", async (_, holder, writes) => {
  const aws = labelOf(holder);

  await aws.label.put(ARN, "new", SIGNAL);

  expect(aws.writes).toEqual(writes);
});

test.each([
  ["is taken from the version", "new", [{ ...LABEL, RemoveFromVersionId: "new" }]],
  ["of another version is left", "old", []],
  ["that nobody has is no failure", undefined, []],
])("the label %s", async (_, holder, writes) => {
  const aws = labelOf(holder);

  await aws.label.remove(ARN, "new", SIGNAL);

  expect(aws.writes).toEqual(writes);
});

test("who may not label learns which call was refused", async () => {
  const { label } = labelOf(undefined, "AccessDeniedException");

  await expect(label.put(ARN, "new", SIGNAL)).rejects.toMatchObject({
    code: "aws-call",
    message: expect.stringContaining(
      `labelling a version of ${ARN} failed with AccessDeniedException`,
    ),
  });
});
