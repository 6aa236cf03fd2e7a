import { expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { dump } from "js-yaml";
import { OPEN } from "#manifest/access.ts";
import { type CheckedFiles, checkFiles } from "#manifest/check-files.ts";
import { exportManifest } from "#manifest/export.ts";
import { manifestJsonSchema } from "#manifest/json-schema.ts";
import { parseManifest } from "#manifest/parse.ts";
import { manifestSchema } from "#manifest/schema.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type { Manifest } from "#manifest/types.ts";
import {
  type ActualResource,
  type ActualState,
  type DesiredState,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { fullManifests, manifests } from "./arbitraries.ts";

const SECTIONS = ["secrets", "model_definitions", "endpoints", "budgets"] as const;
const validate = new Ajv2020({ strictTypes: false, strictRequired: false }).compile(
  manifestJsonSchema(),
);

async function check(
  texts: Readonly<Record<string, string>>,
  frozenByFile: ReadonlyMap<string, ReadonlySet<ResourceKey>> = new Map(),
): Promise<CheckedFiles> {
  const files = await Promise.all(
    Object.entries(texts).map(async ([name, text]) => ({
      name,
      parsed: await parseManifest(text),
    })),
  );
  return checkFiles({
    access: OPEN,
    files,
    frozenByFile: new Map([["default", frozenByFile]]),
    sources: "any",
    allowLoopbackApiBase: false,
  });
}

function desiredOf(checked: CheckedFiles): DesiredState {
  const valid = checked.workspaces.get("default")?.valid ?? [];
  return toDesired(
    "search",
    "default",
    valid.map(({ manifest }) => manifest),
  );
}

/** Resources by key, without undefined fields, which mean the same as absent ones. */
function byKey({ resources }: DesiredState) {
  return Object.fromEntries(
    resources.map((resource) => [keyOf(resource), JSON.parse(JSON.stringify(resource))]),
  );
}

test("a manifest survives JSON and YAML, and no rule finds an error in it", async () => {
  await fc.assert(
    fc.asyncProperty(fullManifests, async (manifest) => {
      const json = JSON.stringify(manifest);
      for (const text of [json, dump(JSON.parse(json))]) {
        const parsed = await parseManifest(text);
        expect(parsed).toMatchObject({ isValid: true });
        if (parsed.isValid) expect(parsed.manifest).toEqual(JSON.parse(json));
      }
      expect((await check({ a: json })).invalid).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("an editor and the parser agree about every manifest, however it was changed", () => {
  let refused = 0;
  fc.assert(
    fc.property(fullManifests, mutations, (manifest, mutation) => {
      const document = mutated(JSON.parse(JSON.stringify(manifest)), mutation);
      const isValid = manifestSchema.safeParse(document).success;
      if (!isValid) refused += 1;
      expect(validate(document)).toBe(isValid);
    }),
    { numRuns: 3000 },
  );
  expect(refused).toBeGreaterThan(1000);
});

test("how a manifest is divided into files does not matter", async () => {
  await fc.assert(
    fc.asyncProperty(fullManifests, fc.infiniteStream(fc.nat(2)), async (manifest, choices) => {
      const parts = [{}, {}, {}].map((): Record<string, unknown> => ({ version: 1 }));
      for (const section of SECTIONS) {
        for (const entry of manifest[section] ?? []) {
          const part = parts[choices.next().value ?? 0] ?? {};
          part[section] = [...((part[section] as unknown[] | undefined) ?? []), entry];
        }
      }
      const texts = Object.fromEntries(
        parts.map((part, index) => [`${index}`, JSON.stringify(part)]),
      );

      const whole = await check({ a: JSON.stringify(manifest) });
      const divided = await check(texts);

      expect(divided.invalid).toEqual([]);
      expect(byKey(desiredOf(divided))).toEqual(byKey(desiredOf(whole)));
      expect(desiredOf(divided).externals.toSorted()).toEqual(
        desiredOf(whole).externals.toSorted(),
      );
    }),
    { numRuns: 300 },
  );
});

test("any text and any bytes are a manifest, or have issues with places", async () => {
  const nearly = fullManifests.chain((manifest) => {
    const text = dump(JSON.parse(JSON.stringify(manifest)));
    return fc
      .tuple(fc.nat(text.length), fc.nat(20), fc.string({ unit: "binary" }))
      .map(([at, length, insert]) => text.slice(0, at) + insert + text.slice(at + length));
  });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: "binary" }), nearly, fc.uint8Array()),
      async (content) => {
        const parsed = await parseManifest(content);
        if (parsed.isValid) return;
        expect(parsed.issues.length).toBeGreaterThan(0);
        for (const { line, column, message } of parsed.issues) {
          expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
          expect(message).not.toBe("");
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("every resource that was declared is declared, given up or frozen, and nothing is two of it", async () => {
  const names = ["a", "b", "c"];
  const file = fc.oneof(manifests, fc.constant("broken"), fc.constant("gone"));
  const keys = manifests.map((manifest) => new Set(declared(manifest)));
  await fc.assert(
    fc.asyncProperty(
      fc.array(file, { minLength: 3, maxLength: 3 }),
      fc.array(keys, { minLength: 3, maxLength: 3 }),
      async (files, before) => {
        const texts = Object.fromEntries(
          names.flatMap((name, index): [string, string][] => {
            const content = files[index];
            if (content === "gone" || content === undefined) return [];
            return [[name, content === "broken" ? "version: [" : JSON.stringify(content)]];
          }),
        );
        const last = new Map(
          names.map((name, index) => [name, before[index] ?? new Set<ResourceKey>()]),
        );

        const { workspaces, invalid } = await check(texts, last);

        const workspace = workspaces.get("default");
        const valid = workspace?.valid ?? [];
        const frozen = workspace?.frozen ?? new Set();

        const now = valid.flatMap(({ manifest }) => declared(manifest));
        expect(new Set(now).size).toBe(now.length);
        expect(now.filter((key) => frozen.has(key))).toEqual([]);
        expect(valid.length + invalid.length).toBe(Object.keys(texts).length);
        for (const [name, lastKeys] of last) {
          const isValid = valid.some((one) => one.name === name);
          const lost = [...lastKeys].filter((key) => !now.includes(key) && !frozen.has(key));
          // These manifests have all sections: what a valid one does not declare is given up.
          if (!isValid) expect(lost).toEqual([]);
        }
        expect(new Set([...(workspace?.declares.values() ?? [])].flat())).toEqual(
          new Set([...now, ...frozen]),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("the export of a gateway declares exactly what the gateway has", async () => {
  await fc.assert(
    fc.asyncProperty(fullManifests, fc.infiniteStream(fc.nat(2)), async (manifest, choices) => {
      const actual = actualOf(manifest, () => choices.next().value ?? 0);

      const text = exportManifest(actual, { owner: "search", workspace: "default" });
      const checked = await check({ a: text });

      expect(checked.invalid).toEqual([]);
      expect(text).not.toContain("Not exported");
      expect(declarable(desiredOf(checked))).toEqual(declarable(actual));
    }),
    { numRuns: 300 },
  );
});

test("any names and texts on a gateway are exported to a manifest that can be read", async () => {
  const text = fc.string({ unit: "binary", minLength: 1 });
  await fc.assert(
    fc.asyncProperty(text, text, text, async (name, value, setting) => {
      const actual: ActualState = {
        resources: [
          {
            kind: "secret",
            id: "s",
            name,
            fields: { provider: value, auth_config: { [setting]: value } },
          },
          {
            kind: "model_definition",
            id: "d",
            name,
            fields: { secret: name, provider: value, model_name: value },
          },
          {
            kind: "endpoint",
            id: "e",
            name: "chat",
            unknown_values: [value],
            fields: {
              models: [{ model_definition: name, linkage_type: "PRIMARY" }],
              tags: { [name]: value },
            },
          },
        ],
        experiments: new Map(),
        deletedExperiments: new Map<string, string>(),
        guardrails: [],
        scorers: new Map(),
      };

      expect(
        (await check({ a: exportManifest(actual, { workspace: "default" }) })).invalid,
      ).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

function declared(manifest: Manifest): ResourceKey[] {
  const { resources } = toDesired("search", "default", [manifest]);
  return resources.map(keyOf);
}

/** As the gateway would hold what the manifest declares; some of it is unmarked, some external. */
function actualOf(manifest: Manifest, choose: () => number): ActualState {
  const { resources, externals } = toDesired("search", "default", [manifest]);
  const declared = resources.map(({ kind, name, fields }, index): ActualResource => {
    const isMarked = choose() > 0;
    const owner = isMarked ? { owner: "search" } : {};
    const id = `bp-${index}`;
    const shown = kind === "budget" && !isMarked ? id : name;
    return { kind, id, name: shown, fields, ...owner } as ActualResource;
  });
  const foreign = externals.map((key, index): ActualResource => {
    const [kind, name] = [key.slice(0, key.indexOf("/")), key.slice(key.indexOf("/") + 1)];
    const fields = { models: [], secret: "x", provider: "openai", model_name: "x" };
    return { kind, id: `x-${index}`, name, owner: "other", fields } as unknown as ActualResource;
  });
  return {
    resources: [...declared, ...foreign],
    experiments: new Map([["gateway/chat", "7"]]),
    deletedExperiments: new Map<string, string>(),
    guardrails: [],
    scorers: new Map(),
  };
}

/** What a manifest can say of a state: secrets without a known source and others' are external. */
function declarable({ resources }: ActualState | DesiredState) {
  const own = (resources as readonly ActualResource[]).filter(
    ({ kind, owner, fields }) =>
      owner !== "other" && (kind !== "secret" || ("value_from" in fields && fields.value_from)),
  );
  return own
    .map(({ kind, name, fields }) => {
      const { adopt, source_version, experiment_id, ...rest } = fields as unknown as Record<
        string,
        unknown
      >;
      const experiment = experiment_id === "7" ? "gateway/chat" : rest.experiment;
      return JSON.stringify({
        kind,
        name: kind === "budget" ? "" : name,
        ...normal({
          ...rest,
          experiment,
          experiment_id: experiment ? undefined : experiment_id,
          fallback_config: hasFallback(rest.models) ? rest.fallback_config : undefined,
        }),
      });
    })
    .toSorted();
}

/** Without a FALLBACK model a fallback_config has no effect, and none is declared. */
function hasFallback(models: unknown): boolean {
  return JSON.stringify(models ?? []).includes('"linkage_type":"FALLBACK"');
}

/** Without empty lists and maps, with lists in order. */
function normal(fields: Record<string, unknown>) {
  const entries = Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
    if (typeof value !== "object" || value === null)
      return value === undefined ? [] : [[key, value]];
    if (Object.keys(value).length === 0 && key !== "fallback_config") return [];
    if (!Array.isArray(value) || key === "thresholds") return [[key, sorted(value)]];
    return [[key, value.map((item) => JSON.stringify(sorted(item))).toSorted()]];
  });
  return sorted(Object.fromEntries(entries));
}

function sorted(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value as never;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    entries.map(([key, field]) => [key, sorted(field)]).toSorted() as never,
  );
}

type Mutation = readonly [
  steps: readonly number[],
  action: "delete" | "replace" | "add",
  value: unknown,
];

const mutations: fc.Arbitrary<Mutation> = fc.tuple(
  fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
  fc.constantFrom("delete" as const, "replace" as const, "add" as const),
  fc.oneof(
    fc.constantFrom<unknown>(
      ...["", "x".repeat(300), "a b", "🚀".repeat(200), "PRIMARY", "api", "bp-1", "\n"],
      ...[0, -1, 1.5, 2 ** 31, 1e300, true, false, null, {}, [], { a: "b" }, ["a"]],
    ),
    fc.jsonValue({ maxDepth: 1 }),
  ),
);

const NEW_KEYS = [
  "external",
  "experiment",
  "experiment_id",
  "env",
  "scorer",
  "action",
  "workspace",
  "zzz",
];

/** Changes one place: goes down the document as far as the steps lead. */
function mutated(document: unknown, [steps, action, value]: Mutation): unknown {
  let parent: unknown = document;
  let at = document as Record<string, unknown>;
  let key = "";
  for (const step of steps) {
    if (typeof at !== "object" || at === null || Object.keys(at).length === 0) break;
    parent = at;
    const keys = Object.keys(at);
    key = keys[step % keys.length] ?? "";
    at = at[key] as Record<string, unknown>;
  }
  const target = parent as Record<string, unknown>;
  if (action === "delete" && !Array.isArray(target)) delete target[key];
  else if (action === "add" && typeof at === "object" && at !== null && !Array.isArray(at)) {
    at[NEW_KEYS[(steps[0] ?? 0) % NEW_KEYS.length] ?? ""] = value;
  } else target[key] = value;
  return document;
}
