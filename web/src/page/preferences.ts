import { languageOf, type Language } from "../ui/texts/index.js";

/** What somebody chose for this page, kept in this browser. */
export interface Preferences {
  readonly language: Language;
  readonly theme: Theme;
}

/** `auto` follows the system. */
export type Theme = "auto" | "light" | "dark";

const KEY = "calling.preferences";

/** What was chosen, else what the browser says. */
export function load(storage: Pick<Storage, "getItem">, languages: readonly string[]): Preferences {
  const kept = parsed(storage.getItem(KEY));
  const known = languages.find((tag) => /^(zh|en)\b/iu.test(tag));
  const theme = kept["theme"];
  return {
    language: languageOf(typeof kept["language"] === "string" ? kept["language"] : (known ?? "en")),
    theme: theme === "light" || theme === "dark" ? theme : "auto",
  };
}

/** Keeps it. */
export function save(storage: Pick<Storage, "setItem">, preferences: Preferences): void {
  storage.setItem(KEY, JSON.stringify(preferences));
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
