import { expect, test } from "@jest/globals";
import { OPERATIONS, type OperationName } from "#gateway/operations.ts";
import { isAtLeast } from "#gateway/version.ts";
import { MLFLOW_VERSIONS, type MlflowVersion, OLDEST } from "../../scripts/mlflow-versions.ts";
import {
  describedOperations,
  descriptorOf,
  messageOf,
  newest,
  requiredRpc,
  rpcOf,
} from "./descriptor.ts";
import { requestFields } from "./request-fields.ts";

/** Declared by MLflow, but not sent by us. */
const NOT_SENT: Partial<Record<OperationName, readonly string[]>> = {
  // The server answers 400 to it: the client looks through the list instead.
  getSecret: ["secret_name"],
  // The server ignores it.
  listEndpoints: ["secret_id"],
};

/** Routes without a description: MLflow's web pages use the first four, the rest is not gateway. */
const NOT_DESCRIBED = [
  "listProviders",
  "listModels",
  "getProviderConfig",
  "getSecretsConfig",
  "getHealth",
  "getVersion",
  "getServerInfo",
  "getCurrentUser",
  "getUser",
];

test("the descriptors are those of the versions that they are named after", () => {
  const described = MLFLOW_VERSIONS.map((version) => descriptorOf(version).mlflow);
  expect(described).toEqual([...MLFLOW_VERSIONS]);
});

test("the newest server has no gateway operation that the client lacks", () => {
  const known = new Set(describedOperations().map((name) => requiredRpc(newest, name)));
  const unknown = Object.entries(newest.operations).filter(([, rpc]) => !known.has(rpc));
  expect(unknown.map(([name, { method, path }]) => `${name}: ${method} ${path}`)).toEqual([]);
});

test("the client has no operation that the newest server lacks, but for the known routes", () => {
  const names = Object.keys(OPERATIONS) as OperationName[];
  expect(names.filter((name) => !rpcOf(newest, name))).toEqual(NOT_DESCRIBED);
});

test("there are 36 operations, 28 of them in the oldest server", () => {
  expect(describedOperations()).toHaveLength(36);
  expect(Object.keys(newest.operations)).toHaveLength(36);
  expect(Object.keys(descriptorOf(OLDEST).operations)).toHaveLength(28);
});

test.each(describedOperations())("%s takes the fields that MLflow declares", (name) => {
  const declared = Object.keys(messageOf(newest, requiredRpc(newest, name).request));
  const ours = [...requestFields(name), ...(NOT_SENT[name] ?? [])];
  expect(ours.toSorted()).toEqual(declared.toSorted());
});

test.each(MLFLOW_VERSIONS)("MLflow %s declares nothing that a newer one does not", (version) => {
  expect(newest.operations).toMatchObject(descriptorOf(version).operations);
  expect(newest.messages).toMatchObject(descriptorOf(version).messages);
});

const oldFields = (version: MlflowVersion, name: OperationName) => {
  const rpc = rpcOf(descriptorOf(version), name);
  return rpc && Object.keys(messageOf(descriptorOf(version), rpc.request));
};

test.each(MLFLOW_VERSIONS)("MLflow %s lacks no field but target_value of budgets", (version) => {
  const missing = describedOperations().flatMap((name) => {
    const declared = oldFields(version, name);
    const lacked = declared ? requestFields(name).filter((f) => !declared.includes(f)) : [];
    return lacked.map((field) => `${name}.${field}`);
  });
  const hasTargets = isAtLeast(version, "3.15.0");
  expect(missing).toEqual(
    hasTargets ? [] : ["createBudget.target_value", "updateBudget.target_value"],
  );
});
