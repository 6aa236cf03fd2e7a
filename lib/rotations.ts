/** A secret that the stack has Secrets Manager rotate. */
export type RotationSetting = {
  /** Name (not ARN) in AWS Secrets Manager. */
  readonly secret: string;
  /** 1 to 1000, as AWS allows. */
  readonly everyDays: number;
} & (
  | {
      readonly strategy: "mlflow-user";
      /** The MLflow users that take turns. */
      readonly users: readonly [string, string];
    }
  | {
      readonly strategy: "static";
      /**
       * What follows when the provider neither takes nor refuses the new key.
       * @default fail
       */
      readonly on_inconclusive: "fail" | "proceed";
    }
);

type Given = Readonly<Record<string, unknown>>;

const SECRET_NAME = /^[\w/+=.@-]{1,512}$/;
/** Basic authentication ends the name at a colon. */
const USER_NAME = /^[^:\s]{1,255}$/;
/** MLflow makes this one when it starts: a way in that nothing of ours may close. */
const BREAK_GLASS = "admin";
const DAYS_MAX = 1000;
/** Each has its place in the function's environment and policy, which AWS bounds. */
const ROTATIONS_MAX = 20;

/**
 * Reads the setting `rotations`: JSON, as text or as a list in cdk.json. Every problem goes to
 * `problems`, one sentence each, with its place and value.
 */
export function readRotations(
  given: unknown,
  gatewayCredentials: string | undefined,
  problems: string[],
): readonly RotationSetting[] {
  if (given === undefined) return [];
  const list = typeof given === "string" ? parseJson(given) : given;
  if (!Array.isArray(list) || list.length > ROTATIONS_MAX) {
    problems.push(
      `rotations must be a JSON list of at most ${ROTATIONS_MAX} rotations, such as ` +
        `[{"secret":"prod/openai","strategy":"static","everyDays":90}], got ${JSON.stringify(given)}.`,
    );
    return [];
  }
  const names = list.map((entry) => Object(entry).secret);
  return list.flatMap((entry: unknown, index) => {
    const refuse = (field: string, allowed: string, value: unknown) =>
      problems.push(
        `rotations[${index}]${field} must be ${allowed}, got ${JSON.stringify(value) ?? "nothing"}.`,
      );
    const before = problems.length;
    if (typeof entry !== "object" || entry === null) {
      refuse("", "an object with secret, strategy and everyDays", entry);
      return [];
    }
    if (names.indexOf(names[index]) < index) {
      refuse(".secret", "named only once", names[index]);
    }
    checkRotation(entry as Given, gatewayCredentials, refuse);
    return problems.length > before ? [] : [withDefaults(entry as RotationSetting)];
  });
}

type Refuse = (field: string, allowed: string, value: unknown) => void;

function checkRotation(entry: Given, gatewayCredentials: string | undefined, refuse: Refuse): void {
  const { secret, strategy, everyDays } = entry;
  const isDays = Number.isInteger(everyDays) && isWithin(Number(everyDays), 1, DAYS_MAX);
  if (!isDays) refuse(".everyDays", `a whole number from 1 to ${DAYS_MAX}`, everyDays);
  if (typeof secret !== "string" || !SECRET_NAME.test(secret)) {
    refuse(".secret", "the name of a Secrets Manager secret (not its ARN)", secret);
  }
  const fields = strategy === "mlflow-user" ? ["users"] : ["on_inconclusive"];
  const known = ["secret", "strategy", "everyDays", ...fields];
  const unknown = Object.keys(entry).filter((field) => !known.includes(field));
  if (strategy === "mlflow-user") checkLogin(entry, gatewayCredentials, refuse);
  else if (strategy === "static") checkStatic(entry, gatewayCredentials, refuse);
  else refuse(".strategy", "one of mlflow-user, static", strategy);
  for (const field of unknown) refuse("", `made of ${known.join(", ")}`, field);
}

function checkLogin({ secret, users }: Given, login: string | undefined, refuse: Refuse): void {
  if (secret !== login) {
    refuse(".secret", `the login in gatewayCredentials (${login ?? "which is not set"})`, secret);
  }
  const names = Array.isArray(users) ? users : [];
  const areNames = names.every((name) => typeof name === "string" && USER_NAME.test(name));
  if (names.length !== 2 || new Set(names).size !== 2 || !areNames) {
    refuse(".users", "the names of two MLflow users that take turns", users);
  }
  if (names.includes(BREAK_GLASS)) {
    refuse(".users", `others than ${BREAK_GLASS}, the way in when all else fails`, users);
  }
}

function checkStatic(
  { secret, on_inconclusive = "fail" }: Given,
  login: string | undefined,
  refuse: Refuse,
): void {
  if (secret === login) {
    refuse(".strategy", "mlflow-user for the login in gatewayCredentials", "static");
  }
  if (on_inconclusive !== "fail" && on_inconclusive !== "proceed") {
    refuse(".on_inconclusive", "one of fail, proceed", on_inconclusive);
  }
}

function withDefaults(rotation: RotationSetting): RotationSetting {
  if (rotation.strategy !== "static") return rotation;
  return { ...rotation, on_inconclusive: rotation.on_inconclusive ?? "fail" };
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
