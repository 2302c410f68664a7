/**
 * Reads fields whose writers could not agree on types: numbers as text, flags as numbers, `null`
 * for absent. A field of a type that makes no sense counts as absent.
 */

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Parses one object; `undefined` for everything else. */
export function parseObject(source: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(source);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function number(object: Json, key: string): number | undefined {
  const value = object[key];
  if (typeof value === "number") return value;
  if (typeof value !== "string" || !/^\s*[+-]?\d+(\.\d*)?\s*$/u.test(value)) return undefined;
  return Number(value);
}

/** A whole number, also from `1.0` and `"1"`. */
export function integer(object: Json, key: string): number | undefined {
  const value = number(object, key);
  return value !== undefined && Number.isInteger(value) ? value : undefined;
}

/** As `integer`, without what follows the point and with everything negative taken as 0. */
export function natural(object: Json, key: string): number | undefined {
  const value = number(object, key);
  return value === undefined ? undefined : Math.max(0, Math.trunc(value));
}

/** Text; a number counts as its digits. */
export function text(object: Json, key: string): string | undefined {
  const value = object[key];
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

/** As `text`, with `""` taken as absent. */
export function filled(object: Json, key: string): string | undefined {
  const value = text(object, key);
  return value === "" ? undefined : value;
}

/** A flag, also from 0, 1, `"true"` and `"false"`. */
export function flag(object: Json, key: string): boolean | undefined {
  const value = object[key];
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  const whole = integer(object, key);
  return whole === undefined ? undefined : whole !== 0;
}
