import { z } from 'zod';

/** A place in the settings, as zod and YAML write it: keys, and numbers within lists. */
export type Path = readonly PropertyKey[];

/** The keys of a section, also of one that has a default; `undefined` for a value. */
export function childrenOf(schema: z.ZodType): [string, z.ZodType][] | undefined {
  const inner = unwrapped(schema);
  if (!(inner instanceof z.ZodObject)) return undefined;
  return Object.entries(inner.shape as unknown as Record<string, z.ZodType>);
}

/** What a list consists of; `undefined` for what is no list. */
export function elementOf(schema: z.ZodType): z.ZodType | undefined {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodArray ? (inner.element as z.ZodType) : undefined;
}

/** The keys that may stand at a place; none where there is no section. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  const found = path.reduce<z.ZodType | undefined>(
    (at, key) =>
      at && (typeof key === 'number' ? elementOf(at) : childrenOf(at)?.find(([name]) => name === key)?.[1]),
    schema,
  );
  return found ? (childrenOf(found)?.map(([key]) => key) ?? []) : [];
}

/** Every value below a schema that is not a section itself, by its path. */
export function valuesBelow(
  schema: z.ZodType,
  path: readonly string[] = [],
): [readonly string[], z.ZodType][] {
  const children = childrenOf(schema);
  if (!children) return [[path, schema]];
  return children.flatMap(([key, child]) => valuesBelow(child, [...path, key]));
}

function unwrapped(schema: z.ZodType): z.ZodType {
  // What is put before a schema changes values, not keys.
  if (schema instanceof z.ZodPipe) return unwrapped(schema.out as z.ZodType);
  const isWrapped =
    schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional;
  return isWrapped ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}
