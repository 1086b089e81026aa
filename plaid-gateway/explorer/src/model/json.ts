/**
 * JSON whose numbers stay text. An amount of `0.10` or with twenty digits must come out
 * as it went in, which JavaScript's numbers cannot promise.
 */
import { isLosslessNumber, parse, type LosslessNumber } from 'lossless-json';

export type Json = string | boolean | null | LosslessNumber | Json[] | { [key: string]: Json };

/** @throws SyntaxError when the text is not JSON. */
export function parseJson(text: string): Json {
  return parse(text, null, { onDuplicateKey: ({ newValue }) => newValue }) as Json;
}

export const isNumber = isLosslessNumber as (value: unknown) => value is LosslessNumber;

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value);
}

/** Whether a text is a number as JSON writes it. */
export function isNumberText(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
}

/** A string as JSON; what ends a line in other languages is escaped too. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function writeJson(value: Json, indent = '  ', margin = ''): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (isNumber(value)) return value.value;
  const inner = margin + indent;
  const rows = Array.isArray(value)
    ? value.map((item) => writeJson(item, indent, inner))
    : Object.entries(value).map(
        ([key, item]) => `${JSON.stringify(key)}:${indent && ' '}${writeJson(item, indent, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (rows.length === 0) return open + close;
  return indent
    ? `${open}\n${rows.map((row) => inner + row).join(',\n')}\n${margin}${close}`
    : open + rows.join(',') + close;
}

/** JSON with its texts changed, and the names in it. */
export function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapTexts(item, change)]));
}
