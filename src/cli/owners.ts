import { resolve } from "node:path";
import type { OwnerFile } from "#sync/owner-file.ts";
import type { GwopsContext } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { policyBeside } from "./input/access.ts";
import { divide } from "./input/by-owner.ts";
import type { AskedOf, RulesFlags } from "./input/flags.ts";
import type { FoundFile } from "./input/manifest-files.ts";
import { printJson, say } from "./output/show.ts";
import { readNamedFiles } from "./read-named-files.ts";

/** What one owner has, with the flags that hold for it. */
export interface OwnerPart<Flags> {
  readonly flags: Flags & { readonly owner: string };
  readonly files: readonly OwnerFile[];
}

export interface OwnerParts<Flags> {
  readonly parts: readonly OwnerPart<Flags>[];
  /** Whether there may be several, so that their reports are a list. */
  readonly isList: boolean;
  /** Path of the policy file that holds; undefined: none, or the one of a stack. */
  readonly policy: string | undefined;
}

type Asked = AskedOf<RulesFlags> & { readonly stack?: string | undefined };

/** The manifests that the arguments name, by owner, under the policy that lies beside them. */
export async function readByOwner<Flags extends Asked>(
  context: GwopsContext,
  asked: Flags,
  argumentList: readonly string[],
): Promise<OwnerParts<Flags>> {
  return divideByOwner(context, asked, argumentList, await readNamedFiles(context, argumentList));
}

export async function divideByOwner<Flags extends Asked>(
  context: GwopsContext,
  asked: Flags,
  argumentList: readonly string[],
  files: readonly FoundFile[],
): Promise<OwnerParts<Flags>> {
  const { folder } = context;
  const divided = await divide(files, { folder, owner: asked.owner, stack: asked.stack });
  const { owners, isByFolder, hasOwners, roots, remarks } = divided;
  for (const remark of remarks) say(context, remark);
  const folders = new Set([...roots, ...argumentList.map((each) => resolve(folder, each))]);
  const beside = await policyBeside(context, asked, [...folders]);
  if (beside !== undefined) say(context, `the policy ${beside} holds`);
  const policy = beside ?? asked.policy;
  if (hasOwners && policy === undefined && asked.stack === undefined) say(context, UNRULED);
  const parts = owners.map(({ owner, files }) => ({ flags: { ...asked, owner, policy }, files }));
  return { parts, isList: isByFolder, policy };
}

const UNRULED =
  "no policy.yaml lies beside the folders of the owners, and --policy names none: everything is granted to each of them";

/** What became of one owner. */
export interface Worked {
  readonly status: ExitCode;
  /** For `--json`. */
  readonly report?: object | undefined;
}

interface Work<Part> extends Pick<OwnerParts<unknown>, "isList"> {
  readonly parts: readonly Part[];
  /** Whether no further owner is begun. */
  readonly isStopped?: () => boolean;
}

/**
 * Works on one owner after the other, and prints the report of one owner, or the list of all, for
 * `--json`. The exit status is the gravest of all. What ends one by an error ends the command, which
 * says whom it did not come to.
 */
export async function workByOwner<Part extends { readonly flags: { readonly owner: string } }>(
  context: GwopsContext,
  { parts, isList, isStopped = () => false }: Work<Part>,
  { json }: Pick<RulesFlags, "json">,
  work: (part: Part) => Promise<Worked>,
): Promise<void> {
  const done: Worked[] = [];
  const left = [...parts];
  try {
    for (let part = left.shift(); part; part = left.shift()) {
      if (isStopped()) {
        left.unshift(part);
        break;
      }
      done.push(await work(part));
    }
  } finally {
    if (left.length > 0) {
      say(context, `not begun: ${left.map(({ flags }) => flags.owner).join(", ")}`);
    }
    const reports = done.flatMap(({ report }) => report ?? []);
    if (json && (isList || reports.length > 0)) printJson(context, isList ? reports : reports[0]);
  }
  const status = gravestExit(done.map((one) => one.status));
  context.process.exitCode = left.length > 0 ? EXIT.error : status;
}

/** From mild to grave: something failed, a file is invalid, a guard refuses, changes are pending. */
const GRAVITY: readonly ExitCode[] = [
  EXIT.ok,
  EXIT.pending,
  EXIT.refused,
  EXIT.invalid,
  EXIT.error,
];

/** Of several the gravest. */
function gravestExit(statuses: readonly ExitCode[]): ExitCode {
  return GRAVITY[Math.max(0, ...statuses.map((status) => GRAVITY.indexOf(status)))] ?? EXIT.error;
}
