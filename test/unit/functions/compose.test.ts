import { afterEach, expect, test } from "@jest/globals";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { SettingsError } from "#runtime/errors.ts";
import { compose } from "../../../functions/config-sync/compose.ts";

const ENVIRONMENT = { ...process.env };

const SETTINGS = {
  GATEWAY_OPS_GATEWAY_URL: "http://127.0.0.1:1",
  GATEWAY_OPS_LEDGER_TABLE: "ledger",
  GATEWAY_OPS_QUEUE_URL: "http://127.0.0.1:1/queue",
  GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: "60",
  GATEWAY_OPS_PROBE: "false",
  GATEWAY_OPS_MANIFEST_BUCKET: "the-bucket",
  GATEWAY_OPS_PRUNE: "false",
  GATEWAY_OPS_SELF_HEAL: "false",
  GATEWAY_OPS_MAX_DELETE_SHARE: "0.1",
  GATEWAY_OPS_MAX_UPDATE_SHARE: "0.5",
  GATEWAY_OPS_MAX_WRITES_PER_SECOND: "20",
  GATEWAY_OPS_TENANCY: "single",
  GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE: "false",
};

const DEADLINES = { work: NO_DEADLINE, recording: NO_DEADLINE.signal };

afterEach(() => {
  process.env = { ...ENVIRONMENT };
});

function composedWith(changes: Readonly<Record<string, string>> = {}) {
  process.env = { ...ENVIRONMENT, AWS_REGION: "eu-central-1", ...SETTINGS, ...changes };
  return compose();
}

test("config sync is careful unless the environment says otherwise in so many words", () => {
  const { planSettings, selfHeal, tenancy, runId } = composedWith().dependencies(
    "run-1",
    DEADLINES,
  );

  expect({ planSettings, selfHeal, tenancy, runId }).toEqual({
    planSettings: {
      prune: false,
      limits: { maxDeleteShare: 0.1, maxUpdateShare: 0.5 },
      allowLoopbackApiBase: false,
      sources: "aws",
    },
    selfHeal: false,
    tenancy: "single",
    runId: "run-1",
  });
});

test("config sync prunes, heals and lets manifests point into the network when it is told to", () => {
  const { planSettings, selfHeal } = composedWith({
    GATEWAY_OPS_PRUNE: "true",
    GATEWAY_OPS_SELF_HEAL: "true",
    GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE: "true",
  }).dependencies("run-1", DEADLINES);

  expect(planSettings).toMatchObject({ prune: true, allowLoopbackApiBase: true });
  expect(selfHeal).toBe(true);
});

test("the runs of a container share one pace", () => {
  const { dependencies } = composedWith();
  const [one, other] = [dependencies("run-1", DEADLINES), dependencies("run-2", DEADLINES)];

  expect(one.pace).toBe(other.pace);
});

test.each([
  ["GATEWAY_OPS_PRUNE", "yes"],
  ["GATEWAY_OPS_PRUNE", ""],
  ["GATEWAY_OPS_SELF_HEAL", "TRUE"],
  ["GATEWAY_OPS_MAX_DELETE_SHARE", "30"],
  ["GATEWAY_OPS_MAX_UPDATE_SHARE", "-1"],
  ["GATEWAY_OPS_MAX_WRITES_PER_SECOND", "0"],
  ["GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE", "1"],
])("a function whose %s is '%s' does not start", (name, value) => {
  const attempt = () => composedWith({ [name]: value });

  expect(attempt).toThrow(SettingsError);
  expect(attempt).toThrow(name);
});
