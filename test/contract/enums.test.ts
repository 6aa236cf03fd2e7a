import { expect, test } from "@jest/globals";
import * as types from "#gateway/types.ts";
import { enumNames, newest } from "./descriptor.ts";

/** MLflow's enums and our lists of their names. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  BudgetAction: types.BUDGET_ACTIONS,
  BudgetDurationUnit: types.DURATION_UNITS,
  BudgetTargetScope: types.TARGET_SCOPES,
  BudgetUnit: types.BUDGET_UNITS,
  FallbackStrategy: types.FALLBACK_STRATEGIES,
  GatewayModelLinkageType: types.LINKAGE_TYPES,
  GuardrailAction: types.GUARDRAIL_ACTIONS,
  GuardrailStage: types.GUARDRAIL_STAGES,
  RoutingStrategy: types.ROUTING_STRATEGIES,
};

/** A text for the server, which accepts only what we list. */
const NO_ENUMS = ["RESOURCE_TYPES"];

test("every enum of MLflow has its list", () => {
  expect(Object.keys(newest.enums).toSorted()).toEqual(Object.keys(LISTS).toSorted());
});

test.each(Object.entries(newest.enums))("%s has the names that we know", (name, values) => {
  expect(enumNames(values).toSorted()).toEqual(LISTS[name]?.toSorted());
});

test("every list of ours is compared", () => {
  const compared = new Set<unknown>(Object.values(LISTS));
  const others = Object.entries(types).filter(([, list]) => !compared.has(list));
  expect(others.map(([name]) => name)).toEqual(NO_ENUMS);
});
