import { CallTexts } from "./call-texts.js";
import { en, type UiTexts } from "./en.js";
import type { Language } from "./languages.js";
import { zhHans } from "./zh-hans.js";
import { zhHant } from "./zh-hant.js";

export type { UiTexts } from "./en.js";
export { LANGUAGE_NAMES, LANGUAGES, languageOf, type Language } from "./languages.js";

/** All texts of one language: of the interface, and `calls` of the call records. */
export type Texts = UiTexts & { readonly language: Language; readonly calls: CallTexts };

const UI: Readonly<Record<Language, UiTexts>> = { en, "zh-Hans": zhHans, "zh-Hant": zhHant };
const made = new Map<Language, Texts>();

/** The texts of a language. */
export function textsFor(language: Language): Texts {
  const known = made.get(language);
  if (known !== undefined) return known;
  const texts = { ...UI[language], language, calls: new CallTexts(language) };
  made.set(language, texts);
  return texts;
}
