import { expect, test } from "@jest/globals";
import { synthesize } from "../support/synth.ts";

const template = synthesize({ logRetentionDays: "14" });
const functions = Object.values(template.findResources("AWS::Lambda::Function"));

test("every function runs Node 24 on arm64", () => {
  expect(functions).toHaveLength(4);
  for (const { Properties } of functions) {
    expect(Properties).toMatchObject({
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
    });
  }
});

test("every function names itself in its logs", () => {
  const names = functions.map(({ Properties }) => Properties.Environment.Variables);

  expect(names.map((variables) => variables.POWERTOOLS_SERVICE_NAME).sort()).toEqual([
    "budget-monitor",
    "config-sync",
    "message-publisher",
    "secret-push",
  ]);
});

test("every function has its own log group, kept as long as asked", () => {
  const logGroups = template.findResources("AWS::Logs::LogGroup");

  const used = functions.map(({ Properties }) => Properties.LoggingConfig.LogGroup.Ref);

  expect(used.sort()).toEqual(Object.keys(logGroups).sort());
  for (const { Properties } of Object.values(logGroups)) {
    expect(Properties.RetentionInDays).toBe(14);
  }
});

test("every function has its own role, without managed policies", () => {
  const roles = functions.map(({ Properties }) => Properties.Role["Fn::GetAtt"][0]);

  expect(new Set(roles).size).toBe(functions.length);
  for (const { Properties } of Object.values(template.findResources("AWS::IAM::Role"))) {
    expect(Properties.ManagedPolicyArns).toBeUndefined();
  }
});

test("the work of each function is bounded", () => {
  const bounds = functions.map(({ Properties }) => [
    Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME,
    { timeoutSeconds: Properties.Timeout, memoryMiB: Properties.MemorySize },
  ]);

  expect(Object.fromEntries(bounds)).toEqual({
    "config-sync": { timeoutSeconds: 300, memoryMiB: 1024 },
    "secret-push": { timeoutSeconds: 60, memoryMiB: 256 },
    "budget-monitor": { timeoutSeconds: 120, memoryMiB: 256 },
    "message-publisher": { timeoutSeconds: 60, memoryMiB: 256 },
  });
});
