import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { type RotationSetting, readRotations } from "./rotations.ts";

const TENANCIES = ["single", "policy", "open"] as const;
type Tenancy = (typeof TENANCIES)[number];

/** What a deployment chooses, each with `-c key=value` or under "context" in cdk.json. */
export interface StackSettings {
  /**
   * URL of the MLflow server whose AI Gateway is operated. It must be https, because provider keys
   * travel to it; http is allowed for a server on this machine. Required.
   */
  readonly gatewayUrl: string;
  /**
   * Name (not ARN) of the Secrets Manager secret that holds `{"username", "password"}` of the
   * gateway user.
   * @default the gateway is called without credentials
   */
  readonly gatewayCredentials: string | undefined;
  /**
   * Minutes between two looks at the budgets, 1 to 60.
   * @default 5
   */
  readonly budgetPollMinutes: number;
  /**
   * Minutes between two attempts at what failed before, 1 to 1440.
   * @default 15
   */
  readonly retryPendingMinutes: number;
  /**
   * Minutes between two comparisons of the gateway with what was applied last, 1 to 1440.
   * @default 60
   */
  readonly driftMinutes: number;
  /**
   * Whether what manifests no longer declare is deleted, guarded.
   * @default false: a notice says what would go
   */
  readonly prune: boolean;
  /**
   * Whether drift is undone, under the guards of every plan.
   * @default false: it is reported
   */
  readonly selfHeal: boolean;
  /**
   * Share of an owner's resources of a kind that one plan may delete without an approval, 0 to 1.
   * @default 0.3
   */
  readonly maxDeleteShare: number;
  /**
   * Share of an owner's resources of a kind that one plan may update without an approval, 0 to 1.
   * @default 0.3
   */
  readonly maxUpdateShare: number;
  /**
   * Writes to the gateway in each second, 1 to 1000: it serves the traffic of others meanwhile.
   * @default 20
   */
  readonly maxWritesPerSecond: number;
  /**
   * What holds without a policy file, `manifests/policy.yaml`: `single` is one owner, `default`,
   * that may do everything; under `policy` nobody may do anything; under `open` every owner may do
   * everything but with what belongs to another one.
   * @default single
   */
  readonly tenancy: Tenancy;
  /**
   * Whether a manifest may point the gateway at itself or into a private network (`api_base`).
   * @default false
   */
  readonly allowLoopbackApiBase: boolean;
  /**
   * How long the gateway itself keeps a decrypted provider key, 10 to 300 seconds; reports say by
   * when a pushed key is effective.
   * @default 60
   */
  readonly secretCacheTtlSeconds: number;
  /**
   * Secrets that AWS Secrets Manager rotates by a function of this stack, as JSON.
   * @default none
   */
  readonly rotations: readonly RotationSetting[];
  /**
   * Whether a new value of a secret is tried with one call of a model before it replaces the old
   * one, unless the manifest says something else (`probe`).
   * @default false
   */
  readonly probe: boolean;
  /**
   * Days that logs are kept: one of the periods that CloudWatch Logs offers.
   * @default 30
   */
  readonly logRetentionDays: RetentionDays;
  /**
   * Name of the CloudFormation stack: one stack per gateway.
   * @default GatewayOps
   */
  readonly stackName: string;
}

/** Every setting that is missing or not allowed, one sentence a line. */
export class StackSettingsError extends Error {
  override readonly name = "StackSettingsError";
}

/**
 * Validates the CDK context once; `context` returns what was passed for a key, if anything. `keys` are
 * all that there are: one that looks like a setting and is none was meant as one.
 */
export function readStackSettings(
  context: (key: string) => unknown,
  keys: readonly string[] = [],
): StackSettings {
  const problems: string[] = [];
  const read = <T, D>(
    key: keyof StackSettings,
    { parse, allowed }: SettingType<T>,
    byDefault: D,
  ): T | D => {
    const given = context(key);
    if (given === undefined) return byDefault;
    const value = parse(String(given));
    if (value !== undefined) return value;
    problems.push(`${key} must be ${allowed}, got ${JSON.stringify(given)}.`);
    return byDefault;
  };
  const gatewayCredentials = read("gatewayCredentials", SECRET_NAME, undefined);
  const settings = {
    gatewayUrl: read("gatewayUrl", GATEWAY_URL, ""),
    gatewayCredentials,
    budgetPollMinutes: read("budgetPollMinutes", wholeNumber(1, 60), 5),
    retryPendingMinutes: read("retryPendingMinutes", wholeNumber(1, 1440), 15),
    driftMinutes: read("driftMinutes", wholeNumber(1, 1440), 60),
    prune: read("prune", TRUTH, false),
    selfHeal: read("selfHeal", TRUTH, false),
    maxDeleteShare: read("maxDeleteShare", SHARE, 0.3),
    maxUpdateShare: read("maxUpdateShare", SHARE, 0.3),
    maxWritesPerSecond: read("maxWritesPerSecond", wholeNumber(1, 1000), 20),
    tenancy: read("tenancy", TENANCY, "single"),
    allowLoopbackApiBase: read("allowLoopbackApiBase", TRUTH, false),
    secretCacheTtlSeconds: read("secretCacheTtlSeconds", wholeNumber(10, 300), 60),
    rotations: readRotations(context("rotations"), gatewayCredentials, problems),
    probe: read("probe", TRUTH, false),
    logRetentionDays: read("logRetentionDays", RETENTION, RetentionDays.ONE_MONTH),
    stackName: read("stackName", STACK_NAME, "GatewayOps"),
  };
  if (context("gatewayUrl") === undefined) {
    problems.unshift(
      "gatewayUrl is missing: pass the URL of the MLflow server, such as " +
        "-c gatewayUrl=https://mlflow.example.com.",
    );
  }
  // Keys of the CDK itself hold a colon, a slash or a dash.
  const unknown = keys.filter((key) => /^\w+$/.test(key) && !Object.hasOwn(settings, key));
  for (const key of unknown) {
    problems.push(`${key} is no setting; they are ${Object.keys(settings).join(", ")}.`);
  }
  if (problems.length > 0) throw new StackSettingsError(problems.join("\n"));
  return settings;
}

/** Context from the command line is text, so every type parses text; `undefined` refuses it. */
interface SettingType<T> {
  readonly allowed: string;
  readonly parse: (text: string) => T | undefined;
}

const GATEWAY_URL: SettingType<string> = {
  allowed:
    "an https URL without user, query and fragment (http only for localhost, 127.0.0.1 or [::1])",
  parse: (text) => {
    if (!URL.canParse(text)) return undefined;
    const { protocol, hostname, username, password, search, hash, href } = new URL(text);
    const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
    const isAllowed = protocol === "https:" || (protocol === "http:" && isLoopback);
    return isAllowed && !(username || password || search || hash)
      ? href.replace(/\/+$/, "")
      : undefined;
  },
};

const SECRET_NAME = matching(
  /^[\w/+=.@-]{1,512}$/,
  "the name of a Secrets Manager secret (not its ARN): letters, digits and /_+=.@-",
);

const STACK_NAME = matching(
  /^[A-Za-z][A-Za-z0-9-]{0,127}$/,
  "a letter followed by at most 127 letters, digits and hyphens",
);

const TRUTH: SettingType<boolean> = {
  allowed: "true or false",
  parse: (text) => (text === "true" || text === "false" ? text === "true" : undefined),
};

const TENANCY: SettingType<Tenancy> = {
  allowed: `one of ${TENANCIES.join(", ")}`,
  parse: (text) => TENANCIES.find((tenancy) => tenancy === text),
};

const SHARE: SettingType<number> = {
  allowed: "a number from 0 to 1",
  parse: (text) => (/^(0(\.\d+)?|1(\.0+)?)$/.test(text) ? Number(text) : undefined),
};

const RETENTION_DAYS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === "number" && days !== RetentionDays.INFINITE,
);

const RETENTION: SettingType<RetentionDays> = {
  allowed: `one of ${RETENTION_DAYS.join(", ")}`,
  parse: (text) => RETENTION_DAYS.find((days) => String(days) === text),
};

function matching(pattern: RegExp, allowed: string): SettingType<string> {
  return { allowed, parse: (text) => (pattern.test(text) ? text : undefined) };
}

function wholeNumber(min: number, max: number): SettingType<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse: (text) => {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}
