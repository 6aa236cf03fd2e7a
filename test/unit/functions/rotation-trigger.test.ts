import { expect, test } from "@jest/globals";
import { InvariantError } from "#runtime/assert.ts";
import { readTrigger } from "../../../functions/secret-rotation/trigger.ts";

/** As in AWS's documentation of rotation functions. */
const STEP = {
  SecretId: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/openai-AbCdEf",
  ClientRequestToken: "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE",
  Step: "createSecret",
};

test("Secrets Manager's three fields are a step; what comes beside them is left out", () => {
  expect(readTrigger(STEP)).toEqual(STEP);
  expect(readTrigger({ ...STEP, RotationToken: "something" })).toEqual(STEP);
});

test("the schedule asks for a look", () => {
  expect(readTrigger({ look: "revocations" })).toEqual({ look: "revocations" });
});

test.each([
  {},
  { ...STEP, Step: "dropSecret" },
  { ...STEP, SecretId: "" },
  { look: "drift" },
  null,
])("nothing else is taken: %j", (event) => {
  expect(() => readTrigger(event)).toThrow(InvariantError);
});
