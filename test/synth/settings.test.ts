import { expect, test } from "@jest/globals";
import { TENANCIES } from "#sync/tenancy.ts";
import { readStackSettings, StackSettingsError } from "../../lib/settings.ts";

const read = (context: Record<string, unknown>) => readStackSettings((key) => context[key]);
const GATEWAY = { gatewayUrl: "https://mlflow.example.com" };

test("only the URL of the gateway has no default", () => {
  expect(read(GATEWAY)).toEqual({
    gatewayUrl: "https://mlflow.example.com",
    gatewayCredentials: undefined,
    budgetPollMinutes: 5,
    retryPendingMinutes: 15,
    driftMinutes: 60,
    prune: false,
    selfHeal: false,
    maxDeleteShare: 0.3,
    maxUpdateShare: 0.3,
    maxWritesPerSecond: 20,
    tenancy: "single",
    allowLoopbackApiBase: false,
    secretCacheTtlSeconds: 60,
    rotations: [],
    probe: false,
    logRetentionDays: 30,
    stackName: "GatewayOps",
  });
});

test("values from the command line are text, values from cdk.json need not be", () => {
  const settings = read({
    ...GATEWAY,
    budgetPollMinutes: "1",
    logRetentionDays: 7,
    maxDeleteShare: "0.05",
    maxUpdateShare: 1,
    prune: "true",
    selfHeal: true,
    tenancy: "policy",
    allowLoopbackApiBase: "false",
  });

  expect(settings).toMatchObject({
    budgetPollMinutes: 1,
    logRetentionDays: 7,
    maxDeleteShare: 0.05,
    maxUpdateShare: 1,
    prune: true,
    selfHeal: true,
    tenancy: "policy",
    allowLoopbackApiBase: false,
  });
});

test("a share may be nothing or all", () => {
  expect(read({ ...GATEWAY, maxDeleteShare: 0, maxUpdateShare: "1.0" })).toMatchObject({
    maxDeleteShare: 0,
    maxUpdateShare: 1,
  });
});

test("a missing URL is asked for with an example", () => {
  expect(() => read({})).toThrow(
    new StackSettingsError(
      "gatewayUrl is missing: pass the URL of the MLflow server, such as " +
        "-c gatewayUrl=https://mlflow.example.com.",
    ),
  );
});

test.each([
  ["https://mlflow.example.com/", "https://mlflow.example.com"],
  ["https://example.com/mlflow/", "https://example.com/mlflow"],
  ["http://localhost:5000", "http://localhost:5000"],
  ["http://127.0.0.1:5000", "http://127.0.0.1:5000"],
  ["http://[::1]:5000", "http://[::1]:5000"],
])("the gateway may be at %s", (gatewayUrl, expected) => {
  expect(read({ gatewayUrl }).gatewayUrl).toBe(expected);
});

test.each([
  "http://mlflow.example.com",
  "http://127.0.0.1.example.com",
  "https://user:password@mlflow.example.com",
  "https://mlflow.example.com?workspace=a",
  "https://mlflow.example.com#a",
  "ftp://mlflow.example.com",
  "mlflow.example.com",
  "",
])("the gateway may not be at '%s'", (gatewayUrl) => {
  expect(() => read({ gatewayUrl })).toThrow(/^gatewayUrl must be an https URL .*, got ".*"\.$/);
});

test.each([
  ["budgetPollMinutes", "0", "a whole number from 1 to 60"],
  ["budgetPollMinutes", "61", "a whole number from 1 to 60"],
  ["budgetPollMinutes", "1.5", "a whole number from 1 to 60"],
  ["retryPendingMinutes", "soon", "a whole number from 1 to 1440"],
  ["driftMinutes", "0", "a whole number from 1 to 1440"],
  ["driftMinutes", "1441", "a whole number from 1 to 1440"],
  ["prune", "yes", "true or false"],
  ["prune", "", "true or false"],
  ["selfHeal", "1", "true or false"],
  ["allowLoopbackApiBase", "True", "true or false"],
  ["tenancy", "multi", `one of ${TENANCIES.join(", ")}`],
  ["tenancy", "Policy", `one of ${TENANCIES.join(", ")}`],
  ["maxDeleteShare", "30", "a number from 0 to 1"],
  ["maxDeleteShare", "-0.1", "a number from 0 to 1"],
  ["maxUpdateShare", "1.01", "a number from 0 to 1"],
  ["maxUpdateShare", "30%", "a number from 0 to 1"],
  ["maxWritesPerSecond", "0", "a whole number from 1 to 1000"],
  ["maxWritesPerSecond", "1001", "a whole number from 1 to 1000"],
  ["secretCacheTtlSeconds", "9", "a whole number from 10 to 300"],
  ["secretCacheTtlSeconds", "301", "a whole number from 10 to 300"],
  ["secretCacheTtlSeconds", "", "a whole number from 10 to 300"],
  ["logRetentionDays", "31", "one of 1, 3, 5, 7, 14, 30, 60"],
  ["gatewayCredentials", "arn:aws:secretsmanager:eu-west-1:1:secret:a", "not its ARN"],
  ["stackName", "gateway_ops", "a letter followed by at most 127 letters, digits and hyphens"],
])("%s may not be '%s'", (key, value, allowed) => {
  const attempt = () => read({ ...GATEWAY, [key]: value });

  expect(attempt).toThrow(StackSettingsError);
  expect(attempt).toThrow(allowed);
  expect(attempt).toThrow(`got ${JSON.stringify(value)}.`);
});

test("all problems are told at once", () => {
  expect(() => read({ budgetPollMinutes: "0", stackName: "" })).toThrow(
    /^gatewayUrl .*\nbudgetPollMinutes .*\nstackName .*$/,
  );
});

test.each(["gatewayCredential", "Prune", "selfheal"])(
  "%s is no setting: it is told rather than ignored",
  (key) => {
    const keys = [
      "gatewayUrl",
      "aws:cdk:version-reporting",
      "@aws-cdk/core:x",
      "cli-telemetry",
      key,
    ];

    expect(() => readStackSettings((each) => ({ ...GATEWAY, [key]: "x" })[each], keys)).toThrow(
      new StackSettingsError(
        `${key} is no setting; they are ${Object.keys(read(GATEWAY)).join(", ")}.`,
      ),
    );
  },
);

const LOGIN = {
  secret: "gateway-ops/login",
  strategy: "mlflow-user",
  everyDays: 30,
  users: ["gwops-a", "gwops-b"],
};
const KEY = { secret: "prod/openai", strategy: "static", everyDays: 90 };
const readRotations = (...rotations: unknown[]) =>
  read({
    ...GATEWAY,
    gatewayCredentials: "gateway-ops/login",
    rotations: JSON.stringify(rotations),
  }).rotations;

test("rotations are JSON, as text or as a list of cdk.json", () => {
  const expected = [LOGIN, { ...KEY, on_inconclusive: "fail" }];

  expect(readRotations(LOGIN, KEY)).toEqual(expected);
  const listed = { ...GATEWAY, gatewayCredentials: "gateway-ops/login", rotations: [LOGIN, KEY] };
  expect(read(listed).rotations).toEqual(expected);
});

test.each([
  [{ ...KEY, everyDays: 0 }, ".everyDays must be a whole number from 1 to 1000, got 0."],
  [{ ...KEY, everyDays: "30" }, '.everyDays must be a whole number from 1 to 1000, got "30".'],
  [{ ...KEY, secret: "arn:aws:x" }, "(not its ARN), got"],
  [{ ...KEY, strategy: "openai" }, '.strategy must be one of mlflow-user, static, got "openai".'],
  [
    { ...KEY, users: ["a", "b"] },
    'must be made of secret, strategy, everyDays, on_inconclusive, got "users".',
  ],
  [
    { ...KEY, on_inconclusive: "hope" },
    '.on_inconclusive must be one of fail, proceed, got "hope".',
  ],
  [{ ...KEY, secret: LOGIN.secret }, ".strategy must be mlflow-user for the login"],
  [
    { ...LOGIN, secret: "another" },
    ".secret must be the login in gatewayCredentials (gateway-ops/login)",
  ],
  [
    { ...LOGIN, users: ["a"] },
    '.users must be the names of two MLflow users that take turns, got ["a"].',
  ],
  [{ ...LOGIN, users: ["a", "a"] }, ".users must be the names of two MLflow users"],
  [{ ...LOGIN, users: ["a", "b:c"] }, ".users must be the names of two MLflow users"],
  [
    { ...LOGIN, users: undefined },
    ".users must be the names of two MLflow users that take turns, got nothing.",
  ],
  [{ ...LOGIN, users: ["admin", "b"] }, ".users must be others than admin"],
  ["prod/openai", "[0] must be an object with secret, strategy and everyDays"],
])("a rotation is refused with its place and what is allowed: %j", (rotation, expected) => {
  expect(() => readRotations(rotation)).toThrow(StackSettingsError);
  expect(() => readRotations(rotation)).toThrow(expected);
});

test.each(["prod/openai", "{}", "[", JSON.stringify(Array(21).fill(KEY))])(
  "rotations that are no list of a bounded length are refused: %.20s",
  (rotations) => {
    expect(() => read({ ...GATEWAY, rotations })).toThrow(
      "rotations must be a JSON list of at most 20 rotations",
    );
  },
);

test("a secret is rotated in one way only", () => {
  expect(() => readRotations(KEY, KEY)).toThrow(
    'rotations[1].secret must be named only once, got "prod/openai".',
  );
});
