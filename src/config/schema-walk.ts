import { z } from 'zod';

function unwrapOnce(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.in;
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  )
    return schema.def.innerType;
  return undefined;
}

/** A schema and those below optional, default, nullable and pipe, the outermost first. */
export function layersOf(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const inner = unwrapOnce(schema);
  return inner === undefined ? [schema] : [schema, ...layersOf(inner)];
}

/** The schema below optional, default, nullable and pipe. */
export function unwrapSchema(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = unwrapOnce(schema);
  return inner === undefined ? schema : unwrapSchema(inner);
}

/** What a value of this schema may hold under one key: schemas, or nothing where the key cannot be. */
function step(schema: z.core.$ZodType, key: string | number): readonly z.core.$ZodType[] {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodObject) {
    const child = (bare.shape as Record<string, z.core.$ZodType>)[String(key)];
    return child ? [child] : [];
  }
  if (bare instanceof z.ZodRecord) return [bare.def.valueType];
  if (bare instanceof z.ZodArray) return /^\d+$/.test(String(key)) ? [bare.def.element] : [];
  if (bare instanceof z.ZodUnion) return bare.def.options.flatMap((option) => step(option, key));
  if (bare instanceof z.ZodUnknown || bare instanceof z.ZodAny) return [bare];
  return [];
}

/** The schemas a path may lead to (several where there is a union); none when the path cannot exist. */
export function schemasAt(schema: z.core.$ZodType, path: readonly (string | number)[]): readonly z.core.$ZodType[] {
  return path.reduce<readonly z.core.$ZodType[]>((schemas, key) => schemas.flatMap((one) => step(one, key)), [schema]);
}

/** The keys that may stand in a value of these schemas. */
export function keysOf(schemas: readonly z.core.$ZodType[]): readonly string[] {
  return schemas.flatMap((schema) => {
    const bare = unwrapSchema(schema);
    if (bare instanceof z.ZodObject) return Object.keys(bare.shape);
    return bare instanceof z.ZodUnion ? keysOf(bare.def.options) : [];
  });
}
