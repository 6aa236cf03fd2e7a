import { Document, isMap, isScalar, visit } from "yaml";
import {
  type ActualState,
  KINDS,
  keyOf,
  type ResourceKey,
  WORKSPACE_DEFAULT,
} from "#reconcile/state.ts";
import { codeOf, escapeHidden, visible } from "#runtime/visible.ts";
import { type Access, OPEN } from "./access.ts";
import { accessFindings } from "./check-access.ts";
import { contextOf } from "./declared.ts";
import { describeIssue } from "./describe-issue.ts";
import { SECTIONS } from "./entries/all.ts";
import { type ExportItem, externalEntry, itemsOf } from "./export-items.ts";
import { lint, subjectOf } from "./lint.ts";
import { manifestSchema } from "./schema.ts";
import { keysIn, sectionsOf } from "./sections.ts";
import { suggestion } from "./suggest.ts";
import type { Manifest, ManifestFinding } from "./types.ts";

export interface ExportOptions {
  /** Whose manifest it is to be: what others own is external. Undefined: everything is taken. */
  readonly owner?: string | undefined;
  readonly workspace: string;
  /** What no plan may delete, by what was applied last. @default nothing */
  readonly protected?: ReadonlySet<ResourceKey> | undefined;
  /** Those of them that no plan may change without a word either. @default nothing */
  readonly protectedFromChanges?: ReadonlySet<ResourceKey> | undefined;
  /** Rules that the owner's files switched off: those that find something stay so. */
  readonly disabled?: readonly string[] | undefined;
  /** What the owner may do; what it may not is external, or a comment. @default everything */
  readonly access?: Access | undefined;
}

/**
 * A manifest that declares what the gateway has, as YAML with comments, in a fixed order. What the
 * language cannot say becomes external, or, where that is not possible, a comment at the end.
 */
export function exportManifest(actual: ActualState, options: ExportOptions): string {
  let items = itemsOf(actual, options.owner)
    .sort(byKey)
    .map(withoutEntry)
    .map((item) => withProtection(item, options));
  for (;;) {
    const { manifest, findings } = check(items, options);
    if (findings.size === 0) {
      const disabled = stillNeeded(manifest, options.disabled ?? []);
      return render(withoutUnused(items, manifest), options.workspace, disabled);
    }
    items = items.map((item) => {
      const reason = findings.get(item);
      return reason === undefined ? item : reduced(item, reason);
    });
  }
}

function byKey(one: ExportItem, other: ExportItem): number {
  return keyOf(one) < keyOf(other) ? -1 : 1;
}

/** What cannot be said from the start is external, if something may refer to it. */
function withoutEntry(item: ExportItem): ExportItem {
  return { ...item, entry: item.entry ?? externalEntry(item.kind, item.name) };
}

/** What is external keeps its protection too: only a declaration can end it. */
function withProtection(
  item: ExportItem,
  { protected: keys, protectedFromChanges }: ExportOptions,
): ExportItem {
  if (!keys?.has(keyOf(item)) || !item.entry || item.isForeign) return item;
  const level = protectedFromChanges?.has(keyOf(item)) ? "changes" : true;
  if (item.entry.external !== true) return { ...item, entry: { ...item.entry, protected: level } };
  return {
    ...item,
    note: [...item.note, `It is protected: say protected: ${level} where it is managed`],
  };
}

/** From managed to external, from external to a comment. */
function reduced(item: ExportItem, reason: string): ExportItem {
  const external = externalEntry(item.kind, item.name);
  if (!external || item.entry?.external === true) {
    return { ...item, note: [reason], entry: undefined };
  }
  return { ...item, note: [...item.note, reason], entry: external };
}

/** The first thing that is wrong with each item. */
function check(items: readonly ExportItem[], { workspace, access = OPEN }: ExportOptions) {
  const document = documentOf(items, workspace);
  const parsed = manifestSchema.safeParse(document);
  const found = parsed.success
    ? rulesBroken(parsed.data, access)
    : parsed.error.issues.flatMap((issue) => describeIssue(issue, document, () => []));
  const findings = new Map<ExportItem, string>();
  for (const { path, message } of found) {
    const field = path.slice(2).join(".");
    for (const item of itemsAt(items, path)) {
      if (!findings.has(item)) findings.set(item, `${field} ${message}`.trim());
    }
  }
  return { manifest: document as unknown as Manifest, findings };
}

function rulesBroken(manifest: Manifest, access: Access): readonly ManifestFinding[] {
  return [
    ...accessFindings(subjectOf(manifest), { access, allowLoopbackApiBase: true }),
    ...lintOf(manifest).errors.first,
  ];
}

/** Of the rules that are switched off those that would find something. */
function stillNeeded(manifest: Manifest, disabled: readonly string[]): string[] {
  if (disabled.length === 0) return [];
  const found = new Set(lintOf(manifest).warnings.first.map(({ rule }) => rule));
  return [...new Set(disabled)].filter((rule) => found.has(rule)).sort();
}

const SETTINGS = { sources: "any", suggest: suggestion } as const;

function lintOf(manifest: Manifest) {
  const subject = subjectOf(manifest);
  const candidate = { name: "", manifest, locate: async () => [], subject };
  const context = contextOf([candidate], new Map(), new Map(), SETTINGS, true);
  return lint(subject, context, Number.POSITIVE_INFINITY);
}

/** What a place speaks of: one resource, or all that are managed in a section. */
function itemsAt(items: readonly ExportItem[], [section, index]: ManifestFinding["path"]) {
  const kind = KINDS.find((candidate) => SECTIONS[candidate] === section);
  const inSection = items.filter((item) => item.kind === kind && item.entry);
  if (index === undefined) return inSection.filter(({ entry }) => entry?.external !== true);
  return inSection.filter((_, position) => position === index);
}

function documentOf(
  items: readonly ExportItem[],
  workspace: string,
  disabled: readonly string[] = [],
): Record<string, unknown> {
  const sections = KINDS.map((kind) => {
    const entries = items.flatMap((item) => (item.kind === kind && item.entry) || []);
    return [SECTIONS[kind], entries] as const;
  });
  return {
    version: 1,
    ...(workspace === WORKSPACE_DEFAULT ? {} : { workspace }),
    ...Object.fromEntries(sections.filter(([, entries]) => entries.length > 0)),
    ...(disabled.length > 0 ? { lint: { disable: disabled } } : {}),
  };
}

function withoutUnused(items: readonly ExportItem[], manifest: Manifest): ExportItem[] {
  const used = keysIn(sectionsOf(manifest));
  return items.filter((item) => !item.isForeign || used.has(keyOf(item)));
}

function render(
  items: readonly ExportItem[],
  workspace: string,
  disabled: readonly string[],
): string {
  const document = new Document(documentOf(items, workspace, disabled));
  for (const kind of KINDS) {
    const entries = items.filter((item) => item.kind === kind && item.entry);
    for (const [index, { note }] of entries.entries()) {
      const node = document.getIn([SECTIONS[kind], index], true);
      if (isMap(node) && note.length > 0) node.commentBefore = commentOf(note);
    }
  }
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value !== "string" || visible(node.value) === node.value) return;
      node.type = "QUOTE_DOUBLE";
    },
  });
  // Small maps, such as a model, are read best on one line.
  visit(document, {
    Map: (_, node, path) => {
      if (path.length > 4 && node.items.every(({ value }) => isScalar(value))) node.flow = true;
    },
  });
  const omitted = items.filter(({ entry }) => !entry);
  if (omitted.length > 0) {
    document.comment = commentOf([
      "Not exported:",
      ...omitted.map(
        ({ kind, name, note }) => `- ${kind} ${JSON.stringify(name)}: ${note.join("; ")}`,
      ),
    ]);
  }
  return escapeHidden(document.toString(UNFOLDED), escapedInYaml);
}

/** Where a text is folded another line begins, which may look like a command to a CI system. */
const UNFOLDED = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.POSITIVE_INFINITY };

/** YAML has escapes in double quotes only: there stands every text that needs one. */
function escapedInYaml(character: string): string {
  return `\\U${codeOf(character).padStart(8, "0")}`;
}

function commentOf(lines: readonly string[]): string {
  return lines.map((line) => ` ${visible(line)}`).join("\n");
}
