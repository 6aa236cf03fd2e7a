import { expect, test } from "@jest/globals";
import { capabilitiesOf, partRequirement } from "#gateway/call/capabilities.ts";
import type { OperationName } from "#gateway/operations.ts";
import { isAtLeast } from "#gateway/version.ts";
import { MLFLOW_VERSIONS } from "../../scripts/mlflow-versions.ts";
import {
  describedOperations,
  descriptorOf,
  enumNames,
  messageOf,
  newest,
  requiredRpc,
  rpcOf,
} from "./descriptor.ts";
import { requestFields } from "./request-fields.ts";

test.each(MLFLOW_VERSIONS)(
  "MLflow %s lacks the operations that capabilities.ts says",
  (version) => {
    const descriptor = descriptorOf(version);
    const missing = describedOperations().filter((name) => !rpcOf(descriptor, name));
    expect(capabilitiesOf(version).missingOperations.toSorted()).toEqual(missing.toSorted());
  },
);

test.each(MLFLOW_VERSIONS)("MLflow %s knows the scopes that capabilities.ts says", (version) => {
  const known = descriptorOf(version).enums.BudgetTargetScope ?? [];
  expect(known.slice(1)).toEqual(capabilitiesOf(version).targetScopes);
});

/** All that a request can hold: each field with each name of its enum, or with just any value. */
function parts(name: OperationName): { field: string; value: string }[] {
  const message = messageOf(newest, requiredRpc(newest, name).request);
  return requestFields(name).flatMap((field) => {
    const values = newest.enums[message[field] ?? ""];
    return (values ? enumNames(values) : ["any"]).map((value) => ({ field, value }));
  });
}

test.each(MLFLOW_VERSIONS)(
  "MLflow %s lacks the parts of requests that capabilities.ts says",
  (version) => {
    const descriptor = descriptorOf(version);
    for (const name of describedOperations()) {
      const rpc = rpcOf(descriptor, name);
      if (!rpc) continue;
      const declared = messageOf(descriptor, rpc.request);
      for (const { field, value } of parts(name)) {
        const type = declared[field];
        const isKnown = type !== undefined && (descriptor.enums[type]?.includes(value) ?? true);
        const requirement = partRequirement(name, { [field]: value });
        const isAllowed = !requirement || isAtLeast(version, requirement.version);
        expect({ name, field, value, isAllowed }).toEqual({
          name,
          field,
          value,
          isAllowed: isKnown,
        });
      }
    }
  },
);
