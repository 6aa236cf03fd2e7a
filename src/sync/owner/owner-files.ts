import type { AccessSettings } from "#manifest/check-access.ts";
import { type CheckedFiles, type CheckedWorkspace, checkFiles } from "#manifest/check-files.ts";
import type { FrozenByFile } from "#manifest/declared.ts";
import { dependsOnServer } from "#manifest/lint.ts";
import { parseManifest } from "#manifest/parse.ts";
import { type KnownOfSecrets, originsOf, toDesired } from "#manifest/to-desired.ts";
import type { ManifestFinding, ParseManifest, ParseResult } from "#manifest/types.ts";
import type { PlanIssue } from "#reconcile/change.ts";
import type { DesiredState, ResourceKey } from "#reconcile/state.ts";
import { assert } from "#runtime/assert.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import { type OwnerFile, withinLimits } from "#sync/owner-file.ts";
import type { SourceUse } from "./sources.ts";

/** Under what files are checked. */
export interface CheckSettings extends AccessSettings {
  readonly owner: string;
  /** Of files that name none. @default the server's default workspace */
  readonly workspace?: string | undefined;
  /** Where values may come from: `any` on the command line. */
  readonly sources: "aws" | "any";
}

/** Findings by the name of their file. */
export type FindingsByFile = ReadonlyMap<string, readonly ManifestFinding[]>;

/** Undefined where the server keeps its version to itself. */
type AskVersion = () => Promise<string | undefined>;

/** The files of one owner. They are checked together, and one that is wrong blocks only itself. */
export class OwnerFiles {
  readonly #rules: CheckSettings;
  readonly #lastDeclared: FrozenByFile;
  /** Of secrets as they were applied last, by workspace and name. */
  readonly #lastProviders: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #parsed: Map<string, ParseResult>;
  readonly #askVersion: AskVersion | undefined;
  #checked: CheckedFiles = { workspaces: new Map(), invalid: [], warnings: [] };

  private constructor(
    rules: CheckSettings,
    applied: ReadonlyMap<string, Snapshot>,
    parsed: Map<string, ParseResult>,
    askVersion: AskVersion | undefined,
  ) {
    this.#rules = rules;
    this.#lastDeclared = frozenByFile(applied);
    this.#lastProviders = lastProviders(applied);
    this.#parsed = parsed;
    this.#askVersion = askVersion;
  }

  /**
   * Reads and checks files, of which `applied` is known by workspace. The version of the server is
   * asked for only when it can make a difference; without, every rule holds.
   */
  static async read(
    rules: CheckSettings,
    files: readonly OwnerFile[],
    applied: ReadonlyMap<string, Snapshot>,
    askVersion?: AskVersion,
    parse: ParseManifest = parseManifest,
  ): Promise<OwnerFiles> {
    const parsed = new Map<string, ParseResult>();
    for (const { name, content, refused } of withinLimits(files)) {
      const result = refused
        ? { isValid: false as const, issues: [refused] }
        : await parse(content);
      parsed.set(name, inWorkspace(result, rules.workspace));
    }
    const ownerFiles = new OwnerFiles(rules, applied, parsed, askVersion);
    await ownerFiles.#check();
    return ownerFiles;
  }

  get checked(): CheckedFiles {
    return this.#checked;
  }

  /** Workspaces that valid files speak of. */
  get workspaces(): [string, CheckedWorkspace][] {
    return [...this.#checked.workspaces].filter(([, { valid }]) => valid.length > 0);
  }

  /** Takes files out for what was found wrong with them, and checks the rest again. */
  async reject(findings: FindingsByFile): Promise<void> {
    if (findings.size === 0) return;
    for (const [name, ofFile] of findings) {
      const parsed = this.#parsed.get(name);
      assert(parsed?.isValid, `${name} has findings although it is not valid`);
      this.#parsed.set(name, { isValid: false, issues: await parsed.locate(ofFile) });
    }
    await this.#check();
  }

  /** Every source that a valid file names. */
  sourceUses(): SourceUse[] {
    return this.workspaces.flatMap(([workspace, { valid }]) =>
      valid.flatMap(({ name: file, manifest }) =>
        (manifest.secrets ?? []).flatMap((secret, index) =>
          "value_from" in secret && secret.value_from
            ? [{ file, index, workspace, name: secret.name, value_from: secret.value_from }]
            : [],
        ),
      ),
    );
  }

  /** What the valid files declare in a workspace. */
  desired(workspace: string, versions: KnownOfSecrets["versions"]): DesiredState {
    const valid = this.#checked.workspaces.get(workspace)?.valid ?? [];
    const providers = this.#lastProviders.get(workspace);
    const manifests = valid.map(({ manifest }) => manifest);
    return toDesired(this.#rules.owner, workspace, manifests, { versions, providers });
  }

  /** Refusals as findings of the files that declare the resources. */
  findingsOf(workspace: string, issues: readonly PlanIssue[]): FindingsByFile {
    const origins = originsOf(this.#checked.workspaces.get(workspace)?.valid ?? []);
    const findings = issues.map(({ key, rule, path, message }) => {
      const origin = origins.get(key);
      assert(origin, `${key} is refused although no file declares it`);
      const finding = { rule, path: [...origin.path, ...path], message };
      return { file: origin.file, finding };
    });
    return groupBy(
      findings,
      ({ file }) => file,
      ({ finding }) => finding,
    );
  }

  async #check(): Promise<void> {
    this.#checked = await this.#checkFor(undefined);
    const { invalid, warnings } = this.#checked;
    const issues = [...invalid, ...warnings].flatMap((file) => file.issues);
    if (!this.#askVersion || !issues.some(({ rule }) => dependsOnServer(rule))) return;
    const serverVersion = await this.#askVersion();
    if (serverVersion !== undefined) this.#checked = await this.#checkFor(serverVersion);
  }

  #checkFor(serverVersion: string | undefined): Promise<CheckedFiles> {
    return checkFiles({
      ...this.#rules,
      serverVersion,
      files: [...this.#parsed].map(([name, parsed]) => ({ name, parsed })),
      frozenByFile: this.#lastDeclared,
      lastProviders: this.#lastProviders,
    });
  }
}

function inWorkspace(parsed: ParseResult, workspace: string | undefined): ParseResult {
  if (!parsed.isValid || workspace === undefined) return parsed;
  return { ...parsed, manifest: { workspace, ...parsed.manifest } };
}

function frozenByFile(applied: ReadonlyMap<string, Snapshot>): FrozenByFile {
  return new Map(
    [...applied].map(([workspace, { files }]) => [
      workspace,
      new Map(files.map(({ name, declares }) => [name, new Set<ResourceKey>(declares)])),
    ]),
  );
}

function lastProviders(applied: ReadonlyMap<string, Snapshot>): Map<string, Map<string, string>> {
  return new Map(
    [...applied].map(([workspace, { providers }]) => [
      workspace,
      new Map(Object.entries(providers)),
    ]),
  );
}
