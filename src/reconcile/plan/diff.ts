import type { FieldChange, FieldName, FieldPath } from "#reconcile/change.ts";
import { byText } from "#reconcile/kinds.ts";
import { groupBy } from "#runtime/group-by.ts";

/** How the elements of a list are told apart and shown. */
export interface ElementModel<T> {
  /** What makes it the same element, wherever it stands and whatever else changes about it. */
  readonly identity: (element: T) => string;
  /** What differs between two of one identity, by the names of their fields. */
  readonly compare?: (before: T, after: T) => readonly PartChange[];
  /** An element that comes or goes. @default as it is */
  readonly shown?: (element: T) => unknown;
  /** Of two with one place and other names, the one that comes stands in for the one that goes. */
  readonly exchange?: {
    readonly place: (element: T) => string;
    readonly name: (element: T) => string;
  };
}

/** A change within an element; `part` is the path below it, such as `weight`. */
interface PartChange {
  readonly part: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * What differs between two lists, element by element: what is declared by its place in the
 * declared list, what goes by its place in the actual one. What only moved does not differ.
 */
export function diffLists<T>(
  field: FieldName,
  before: readonly T[],
  after: readonly T[],
  { identity, compare = () => [], shown = (element) => element, exchange }: ElementModel<T>,
): FieldChange[] {
  const isEqual = (one: T, other: T) => compare(one, other).length === 0;
  const same = pair(entriesOf(before), entriesOf(after), identity, isEqual);
  const exchanged = exchange
    ? pair(same.going, same.coming, exchange.place)
    : { ...same, pairs: [] };
  const pathOf = ({ index }: Entry<T>): FieldPath => `${field}[${index}]`;
  const declared: [Entry<T>, FieldChange[]][] = [
    ...same.pairs.map(([was, is]): [Entry<T>, FieldChange[]] => {
      const parts = compare(was.element, is.element);
      return [is, parts.map(({ part, ...rest }) => ({ path: `${pathOf(is)}.${part}`, ...rest }))];
    }),
    ...exchanged.pairs.map(([was, is]): [Entry<T>, FieldChange[]] => {
      const [one, other] = [exchange?.name(was.element), exchange?.name(is.element)];
      return [is, [{ path: pathOf(is), before: one, after: other }]];
    }),
    ...exchanged.coming.map((entry): [Entry<T>, FieldChange[]] => {
      return [entry, [{ path: pathOf(entry), before: undefined, after: shown(entry.element) }]];
    }),
  ];
  return [
    ...declared.sort(([one], [other]) => one.index - other.index).flatMap(([, found]) => found),
    ...exchanged.going.map((entry) => ({
      path: pathOf(entry),
      before: shown(entry.element),
      after: undefined,
    })),
  ];
}

type Texts = Readonly<Record<string, unknown>>;

/** What differs between two maps, key by key, by the text of the key. */
export function diffMaps(path: FieldPath, before: Texts, after: Texts): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(byText);
  return keys.flatMap((key): FieldChange[] => {
    const [was, is] = [valueAt(before, key), valueAt(after, key)];
    if (was === is) return [];
    if (isMap(was) && isMap(is)) return diffMaps(`${path}.${key}`, was, is);
    return [{ path: `${path}.${key}`, before: was, after: is }];
  });
}

/** A key may be called like something that every object has. */
function valueAt(map: Texts, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function isMap(value: unknown): value is Texts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Entry<T> {
  readonly index: number;
  readonly element: T;
}

function entriesOf<T>(list: readonly T[]): Entry<T>[] {
  return list.map((element, index) => ({ index, element }));
}

interface Paired<T> {
  readonly pairs: readonly (readonly [was: Entry<T>, is: Entry<T>])[];
  readonly going: readonly Entry<T>[];
  readonly coming: readonly Entry<T>[];
}

/** Pairs what has one key; of several those that are equal, and the others as they stand. */
function pair<T>(
  before: readonly Entry<T>[],
  after: readonly Entry<T>[],
  keyOf: (element: T) => string,
  isEqual: (one: T, other: T) => boolean = () => false,
): Paired<T> {
  const waiting = groupBy(before, ({ element }) => keyOf(element));
  const pairs: (readonly [Entry<T>, Entry<T>])[] = [];
  const take = (is: Entry<T>, choose: (others: readonly Entry<T>[]) => number) => {
    const others = waiting.get(keyOf(is.element)) ?? [];
    const [was] = others.splice(choose(others), 1);
    if (was) pairs.push([was, is]);
    return was !== undefined;
  };
  const left = after.filter(
    (is) =>
      !take(is, (others) => {
        const found = others.findIndex((was) => isEqual(was.element, is.element));
        return found < 0 ? others.length : found;
      }),
  );
  const coming = left.filter((is) => !take(is, () => 0));
  const going = [...waiting.values()].flat().sort((one, other) => one.index - other.index);
  return { pairs, going, coming };
}
