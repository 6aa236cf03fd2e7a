import { expect, test } from "@jest/globals";
import {
  capabilitiesOf,
  GatewayCapabilityError,
  operationRequirement,
  partRequirement,
} from "#gateway/call/capabilities.ts";
import { VersionGuard } from "#gateway/call/version-guard.ts";
import { GatewayNetworkError, GatewayStatusError } from "#gateway/errors.ts";
import { compareVersions, isAtLeast, parseVersion, type Version } from "#gateway/version.ts";

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (!parsed) throw new Error(`${text} is no version`);
  return parsed;
}

test("versions are read as Python writes them", () => {
  expect(version("3.17.2")).toEqual({ major: 3, minor: 17, patch: 2, stage: "final" });
  expect(version("3.18")).toMatchObject({ minor: 18, patch: 0, stage: "final" });
  expect(version("3.18.0rc1")).toMatchObject({ minor: 18, stage: "candidate" });
  expect(version("3.18.0.dev0")).toMatchObject({ minor: 18, stage: "development" });
  expect(version("3.18.0rc1.dev2")).toMatchObject({ stage: "development" });
  expect(version("3.17.2.post1")).toMatchObject({ patch: 2, stage: "final" });
  expect(version(" 3.17.2+local.1\n")).toMatchObject({ patch: 2, stage: "final" });
  for (const text of ["", "main", "v3.17.2", "3", "3.17.2.1", "3.17.x", "<!doctype html>"]) {
    expect(parseVersion(text)).toBeUndefined();
  }
});

test("versions are ordered by number, then by how finished they are", () => {
  const ascending = ["3.9.2", "3.10.0.dev0", "3.10.0rc0", "3.10.0", "3.10.1", "3.11.0", "4.0.0"];
  const shuffled = [...ascending].reverse();
  shuffled.sort((left, right) => compareVersions(version(left), version(right)));
  expect(shuffled).toEqual(ascending);
  expect(compareVersions(version("3.17.2"), version("3.17.2.post1"))).toBe(0);
});

test("a release candidate has what its release has, a development build may not", () => {
  const scopes = (text: string) => capabilitiesOf(text).targetScopes;
  expect(scopes("3.16.0rc0")).toContain("USER");
  expect(scopes("3.16.0.dev0")).not.toContain("USER");
  expect(scopes("3.16.0.dev0")).toContain("ENDPOINT");
  expect(scopes("3.16.1.dev0")).toContain("USER");
});

test("capabilities follow the version", () => {
  expect(capabilitiesOf("3.17.2")).toEqual({
    version: "3.17.2",
    missingOperations: [],
    targetScopes: ["GLOBAL", "WORKSPACE", "ENDPOINT", "USER"],
  });
  expect(capabilitiesOf("3.14.0")).toMatchObject({
    missingOperations: [],
    targetScopes: ["GLOBAL", "WORKSPACE"],
  });
  const { missingOperations } = capabilitiesOf("3.11.1");
  expect(missingOperations).toHaveLength(8);
  expect(missingOperations).toContain("createGuardrail");
  expect(missingOperations).not.toContain("createBudget");
  expect(capabilitiesOf("3.10.1").missingOperations).toContain("createBudget");
  expect(capabilitiesOf("3.10.1").missingOperations).not.toContain("getVersion");
  expect(capabilitiesOf("a fork").missingOperations).toEqual([]);
});

test("the part of a request that needs the newest server decides", () => {
  const user = { target_scope: "USER", target_value: "ann", budget_amount: 1 };
  expect(partRequirement("createBudget", user)).toEqual({
    version: "3.16.0",
    part: "target_scope USER",
  });
  const endpoint = { target_scope: "ENDPOINT", target_value: "e-1" };
  expect(partRequirement("updateBudget", endpoint)?.version).toBe("3.15.0");
  expect(partRequirement("updateBudget", { target_value: "ann" })?.part).toBe("target_value");
  expect(partRequirement("createBudget", { target_scope: "GLOBAL" })).toBeUndefined();
  expect(partRequirement("createBudget", { target_value: undefined })).toBeUndefined();
  expect(partRequirement("createSecret", user)).toBeUndefined();
});

test("only operations of the gateway depend on the version", () => {
  expect(operationRequirement("getHealth")).toBeUndefined();
  expect(operationRequirement("getCurrentUser")).toBeUndefined();
  expect(operationRequirement("createSecret")?.version).toBe("3.11.1");
  expect(operationRequirement("getGuardrail")?.version).toBe("3.12.0");
  expect(isAtLeast("3.11.1", "3.12.0")).toBe(false);
});

/** A guard that is told the versions in turn, and how often it asked. */
function guardOf(...answers: (string | Error)[]) {
  const asked = { count: 0 };
  const guard = new VersionGuard(() => {
    const answer = answers[asked.count] ?? new Error("no answer left");
    asked.count += 1;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { guard, asked };
}

const USER_BUDGET = { target_scope: "USER", target_value: "ann" };

function statusError(status: number, errorCode?: string) {
  return new GatewayStatusError("getGuardrail", "nothing here", {
    code: "gateway-refused",
    disposition: "reject",
    isOutcomeUnknown: false,
    status,
    errorCode,
    retryAfterMs: undefined,
  });
}

test("a request that the server would not understand is refused with the version it needs", async () => {
  const { guard } = guardOf("3.15.2\n");
  const refusal = guard.check("createBudget", USER_BUDGET);
  await expect(refusal).rejects.toThrow(
    "createBudget with target_scope USER needs MLflow 3.16.0 or newer; the server is 3.15.2",
  );
  await expect(refusal).rejects.toBeInstanceOf(GatewayCapabilityError);
  await expect(refusal).rejects.toMatchObject({
    code: "gateway-unsupported",
    disposition: "reject",
    isOutcomeUnknown: false,
    requiredVersion: "3.16.0",
    serverVersion: "3.15.2",
  });
});

test("the version is asked once, and not at all when every server would do", async () => {
  const { guard, asked } = guardOf("3.17.2");
  await guard.check("createSecret", { secret_name: "x" });
  await guard.check("createBudget", { target_scope: "GLOBAL" });
  await guard.check("listBudgets");
  expect(asked.count).toBe(0);
  await guard.check("createBudget", USER_BUDGET);
  await guard.check("updateBudget", USER_BUDGET);
  expect(asked.count).toBe(1);
});

test("a server that was upgraded meanwhile is not refused from memory", async () => {
  const { guard, asked } = guardOf("3.14.0", "3.17.2");
  await expect(guard.check("createBudget", USER_BUDGET)).rejects.toThrow("3.14.0");
  await guard.check("createBudget", USER_BUDGET);
  expect(asked.count).toBe(2);
});

test("a server that keeps its version to itself is not refused, one out of reach is", async () => {
  const silent = guardOf(statusError(403));
  await silent.guard.check("createBudget", USER_BUDGET);
  await silent.guard.check("createBudget", USER_BUDGET);
  expect(silent.asked.count).toBe(1);

  const unreachable = new GatewayNetworkError("getVersion", "could not reach it", {
    isOutcomeUnknown: false,
  });
  const gone = guardOf(unreachable);
  await expect(gone.guard.check("createBudget", USER_BUDGET)).rejects.toBe(unreachable);
});

test("an unknown address is explained by the age of the server", async () => {
  const unknown = statusError(404);
  const explained = await guardOf("3.11.1").guard.explain("getGuardrail", unknown);
  expect(explained.message).toBe("getGuardrail needs MLflow 3.12.0 or newer; the server is 3.11.1");
  expect(explained.cause).toBe(unknown);
  const ancient = await guardOf("3.7.0").guard.explain("listSecrets", unknown);
  expect(ancient.message).toContain("needs MLflow 3.11.1 or newer");
});

test("other failures stay what they are", async () => {
  const unknown = statusError(404);
  expect(await guardOf("3.17.2").guard.explain("getGuardrail", unknown)).toBe(unknown);
  expect(await guardOf(statusError(404)).guard.explain("getGuardrail", unknown)).toBe(unknown);
  expect(await guardOf(new Error("x")).guard.explain("getGuardrail", unknown)).toBe(unknown);

  const { guard, asked } = guardOf("3.11.1");
  const missing = statusError(404, "RESOURCE_DOES_NOT_EXIST");
  expect(await guard.explain("getGuardrail", missing)).toBe(missing);
  expect(await guard.explain("getGuardrail", statusError(500))).toMatchObject({ status: 500 });
  expect(await guard.explain("getCurrentUser", unknown)).toBe(unknown);
  expect(asked.count).toBe(0);
});
