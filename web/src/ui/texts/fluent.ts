/**
 * Reads what the call texts use of Fluent (https://projectfluent.org/fluent/guide/): messages and
 * attributes on one line, `{ $variable }`, `{ "literal" }`, and a choice by plural category.
 */

/** What is filled into a text. */
export type Args = Readonly<Record<string, string | number>>;

interface Choice {
  readonly of: string;
  readonly variants: ReadonlyMap<string, string>;
  readonly otherwise: string;
}

type Pattern = string | Choice;

/** The texts of one language. */
export class FluentTexts {
  readonly #patterns = new Map<string, Pattern>();
  readonly #plurals: Intl.PluralRules;

  constructor(
    readonly language: string,
    source: string,
  ) {
    this.#plurals = new Intl.PluralRules(language);
    this.#read(source);
  }

  /** The names of all texts, attributes as `name.attribute`. */
  get names(): readonly string[] {
    return [...this.#patterns.keys()];
  }

  /** A text with `args` filled in; its name if there is none. */
  get(name: string, args: Args = {}): string {
    const pattern = this.#patterns.get(name);
    if (pattern === undefined) return name;
    if (typeof pattern === "string") return fill(pattern, args);
    const count = args[pattern.of];
    const category = typeof count === "number" ? this.#plurals.select(count) : "";
    return fill(pattern.variants.get(category) ?? pattern.otherwise, args);
  }

  #read(source: string): void {
    const lines = source.split(/\r?\n/u);
    let name = "";
    for (let at = 0; at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      const entry = /^(?:([a-z][\w-]*)|\s+\.([a-z][\w-]*)) = (.*)$/u.exec(line);
      if (entry === null) continue;
      const [, message, attribute, value = ""] = entry;
      if (message !== undefined) name = message;
      const key = attribute === undefined ? name : `${name}.${attribute}`;
      const choice = /^\{ \$(\w+) ->$/u.exec(value);
      if (choice === null) {
        this.#patterns.set(key, value);
        continue;
      }
      const end = lines.indexOf("}", at);
      this.#patterns.set(key, variants(choice[1] ?? "", lines.slice(at + 1, end)));
      at = end;
    }
  }
}

function variants(of: string, lines: readonly string[]): Choice {
  const read = new Map<string, string>();
  let otherwise = "";
  for (const line of lines) {
    const variant = /^\s*(\*?)\[(\w+)\] (.*)$/u.exec(line);
    if (variant === null) continue;
    const [, star, category = "", text = ""] = variant;
    read.set(category, text);
    if (star === "*") otherwise = text;
  }
  return { of, variants: read, otherwise };
}

function fill(pattern: string, args: Args): string {
  return pattern.replace(
    /\{\s*(?:\$(\w+)|"([^"]*)")\s*\}/gu,
    (_, variable: string | undefined, literal: string | undefined) =>
      variable === undefined ? (literal ?? "") : String(args[variable] ?? ""),
  );
}
