/** The languages there are. */
export const LANGUAGES = ["zh-Hans", "zh-Hant", "en"] as const;

/** One of them. */
export type Language = (typeof LANGUAGES)[number];

/** What each is called by those who speak it. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  "zh-Hans": "简体中文",
  "zh-Hant": "繁體中文",
  en: "English",
};

/** The language for a BCP 47 tag: Chinese by script or region, English for everything else. */
export function languageOf(tag: string): Language {
  const lower = tag.toLowerCase().replaceAll("_", "-");
  const parts = lower.split("-");
  if (parts[0] !== "zh") return "en";
  const isTraditional = parts.some((part) => ["hant", "tw", "hk", "mo"].includes(part));
  return isTraditional && !lower.includes("hans") ? "zh-Hant" : "zh-Hans";
}
