import type { ResourceKey } from "#reconcile/state.ts";
import { groupBy } from "#runtime/group-by.ts";
import { type AccessSettings, accessFindings, deniedIssue } from "./check-access.ts";
import { type Candidate, contextOf, type FrozenByFile, frozenKeys, type Held } from "./declared.ts";
import { duplicates } from "./duplicates.ts";
import { FindingList } from "./findings.ts";
import { type FileState, reasonsOf } from "./frozen.ts";
import { overLimits } from "./limits.ts";
import { lint, subjectOf } from "./lint.ts";
import type { RuleContext } from "./rules/rule.ts";
import { keysIn, workspaceOf } from "./sections.ts";
import { suggestions } from "./suggest.ts";
import type { Locate, Manifest, ManifestFinding, ManifestIssue, ParseResult } from "./types.ts";

export interface FilesToCheck extends AccessSettings {
  /** All files of the owner, in any order. */
  readonly files: readonly { readonly name: string; readonly parsed: ParseResult }[];
  /** What each file declared when it was last applied, by workspace and file name. */
  readonly frozenByFile: FrozenByFile;
  /** Providers of secrets as they were last declared, by workspace and name. */
  readonly lastProviders?: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined;
  /** Where values may come from: `any` on the command line. */
  readonly sources: "aws" | "any";
  /** Version of the MLflow server, if it is known. */
  readonly serverVersion?: string | undefined;
}

export interface FileIssues {
  readonly name: string;
  readonly issues: readonly ManifestIssue[];
}

interface ValidFile {
  readonly name: string;
  readonly manifest: Manifest;
  readonly locate: Locate;
}

/** The files of an owner that belong to one workspace. */
export interface CheckedWorkspace {
  readonly valid: readonly ValidFile[];
  /** Declared before, and neither declared nor given up by a valid file: left as it is. */
  readonly frozen: ReadonlySet<ResourceKey>;
  /** Why, and how to go on. */
  readonly frozenBecause: ReadonlyMap<ResourceKey, string>;
  /** What each file declares, with what it froze; also of files that are invalid or gone. */
  readonly declares: ReadonlyMap<string, readonly ResourceKey[]>;
}

export interface CheckedFiles {
  readonly workspaces: ReadonlyMap<string, CheckedWorkspace>;
  readonly invalid: readonly FileIssues[];
  readonly warnings: readonly FileIssues[];
}

/**
 * Checks what no file can say alone: rules, policy, names and references across the files of an
 * owner. A file that is wrong is left out; what it declared last is frozen and may still be
 * referred to. Leaving it out may make others wrong, so this goes on until nothing changes.
 */
export async function checkFiles(input: FilesToCheck): Promise<CheckedFiles> {
  const candidates: Candidate[] = [];
  const invalid: FileIssues[] = [];
  const denied = deniedIssue(input);
  for (const { name, parsed } of [...input.files].sort(byName)) {
    if (denied) invalid.push({ name, issues: [denied] });
    else if (parsed.isValid)
      candidates.push({ name, ...parsed, subject: subjectOf(parsed.manifest) });
    else invalid.push({ name, issues: parsed.issues });
  }
  const isComplete = invalid.length === 0;
  const limits = overLimits(candidates);
  const suggest = suggestions();
  const names = new Set([
    ...candidates.map(({ manifest }) => workspaceOf(manifest)),
    ...input.frozenByFile.keys(),
  ]);
  const workspaces = new Map<string, CheckedWorkspace>();
  const warnings: FileIssues[] = [];
  for (const workspace of [...names].sort()) {
    const own = candidates.filter(({ manifest }) => workspaceOf(manifest) === workspace);
    const checked = await checkWorkspace({ ...input, suggest }, workspace, own, limits, isComplete);
    const { errors, warnings: found, ...result } = checked;
    workspaces.set(workspace, result);
    invalid.push(...(await located(own, errors)));
    warnings.push(...(await located(own, found)));
  }
  return { workspaces, invalid: invalid.sort(byName), warnings: warnings.sort(byName) };
}

type Findings = Map<string, FindingList>;

interface Checked extends CheckedWorkspace {
  readonly errors: Findings;
  readonly warnings: Findings;
}

async function checkWorkspace(
  input: FilesToCheck & Pick<RuleContext, "suggest">,
  workspace: string,
  candidates: readonly Candidate[],
  limits: ReadonlyMap<string, readonly ManifestFinding[]>,
  isComplete: boolean,
): Promise<Checked> {
  const last = input.frozenByFile.get(workspace) ?? new Map();
  const providers = input.lastProviders?.get(workspace) ?? new Map();
  const repeated = await duplicates(candidates, last);
  const errors: Findings = new Map();
  const warnings: Findings = new Map();
  const checkOne = ({ name, subject }: Candidate, context: RuleContext) => {
    const tooMuch = limits.get(name);
    const wrong = new FindingList();
    if (tooMuch) {
      // Of what is too much nobody wants to know more.
      wrong.add(tooMuch);
      errors.set(name, wrong);
      return;
    }
    const found = lint(subject, context);
    for (const list of [repeated.get(name), found.errors])
      wrong.add(list?.first ?? [], list?.hidden);
    wrong.add(accessFindings(subject, input));
    if (wrong.count > 0) errors.set(name, wrong);
    warnings.set(name, found.warnings);
  };
  const usersOf = usersIn(candidates);
  let [valid, toCheck] = [candidates, candidates];
  for (;;) {
    const held = frozenKeys(valid, last);
    const context = contextOf(valid, held, providers, input, isComplete);
    for (const file of toCheck) checkOne(file, context);
    const remaining = valid.filter(({ name }) => !errors.has(name));
    const left = valid.filter(({ name }) => errors.has(name));
    if (left.length === 0 && toCheck.length === valid.length) {
      const frozenBecause = reasonsOf(held, statesOf(input, valid, workspace));
      return { ...resultOf(valid, held), frozenBecause, errors, warnings };
    }
    // A long chain of files falls one by one: only what names the fallen can fall next. When none
    // does, all are looked at once more, as warnings depend on what is left.
    const users = usersOf(left);
    const next = remaining.filter((file) => users.has(file));
    [valid, toCheck] = [remaining, next.length > 0 ? next : remaining];
  }
}

/** Which files name something that other files declare. */
function usersIn(files: readonly Candidate[]) {
  let byKey: ReadonlyMap<ResourceKey, readonly Candidate[]> | undefined;
  return (declaring: readonly Candidate[]): ReadonlySet<Candidate> => {
    if (declaring.length === 0) return new Set();
    byKey ??= groupBy(
      files.flatMap((file) => [...keysIn(file.subject)].map((key) => ({ key, file }))),
      ({ key }) => key,
      ({ file }) => file,
    );
    const keys = declaring.flatMap(({ subject }) => subject.declarations.map(({ key }) => key));
    return new Set(keys.flatMap((key) => byKey?.get(key) ?? []));
  };
}

function statesOf(
  { files }: FilesToCheck,
  valid: readonly Candidate[],
  workspace: string,
): ReadonlyMap<string, FileState> {
  const isValid = new Set(valid.map(({ name }) => name));
  return new Map(
    files.map(({ name, parsed }) => {
      if (isValid.has(name)) return [name, "silent"];
      const isElsewhere = parsed.isValid && workspaceOf(parsed.manifest) !== workspace;
      return [name, isElsewhere ? "elsewhere" : "invalid"];
    }),
  );
}

function resultOf(
  valid: readonly Candidate[],
  held: Held,
): Omit<CheckedWorkspace, "frozenBecause"> {
  const declares = new Map<string, readonly ResourceKey[]>(held);
  for (const { name, subject } of valid) {
    const own = subject.declarations.flatMap(({ key, isExternal }) => (isExternal ? [] : key));
    declares.set(name, [...own, ...(held.get(name) ?? [])]);
  }
  return {
    valid: valid.map(({ name, manifest, locate }) => ({ name, manifest, locate })),
    frozen: new Set([...held.values()].flat()),
    declares,
  };
}

async function located(files: readonly Candidate[], findings: Findings): Promise<FileIssues[]> {
  const issues: FileIssues[] = [];
  // One after the other: each looks at its text, and holds what it needs for it.
  for (const { name, locate } of files) {
    const found = findings.get(name);
    if (!found || found.count === 0) continue;
    issues.push({ name, issues: await locate(found.first, found.hidden) });
  }
  return issues;
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
