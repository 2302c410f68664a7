import { describe, expect, it } from "vitest";

import { isMissedBy, parseCallMessage } from "../../../src/ui/texts/call-message.js";
import { CallTexts, showTime, type Phrase } from "../../../src/ui/texts/call-texts.js";
import { LANGUAGES, languageOf, type Language } from "../../../src/ui/texts/languages.js";
import golden from "./call-texts.golden.json" with { type: "json" };

interface Lines {
  caller: string;
  callee: string;
  group: string;
  summary: string;
}
interface Example {
  text: string;
  facts: { caller: string | null; is_group: boolean; missed_by_x: boolean } | null;
  told: Record<Language, Lines> | null;
}

const examples = Object.entries(golden.messages as Record<string, Example>);
const bracketed = (user: string) => `<${user}>`;
const texts = Object.fromEntries(LANGUAGES.map((it) => [it, new CallTexts(it)])) as Record<
  Language,
  CallTexts
>;

describe("call messages of every generation", () => {
  it("has many examples", () => {
    expect(examples.length).toBeGreaterThan(100);
  });

  it.each(examples)("reads %s as the server does", (_, { text, facts, told }) => {
    const message = parseCallMessage(text);
    expect(message === undefined).toBe(told === null);
    if (message === undefined || told === null || facts === null) return;
    expect(message.caller ?? null).toBe(facts.caller);
    expect(message.isGroup).toBe(facts.is_group);
    expect(isMissedBy(message, "X")).toBe(facts.missed_by_x);
    for (const language of LANGUAGES) {
      expect(
        {
          caller: texts[language].direct(message, "caller"),
          callee: texts[language].direct(message, "callee"),
          group: texts[language].group(message, bracketed),
          summary: texts[language].summary(message),
        },
        language,
      ).toEqual(told[language]);
    }
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "hello"],
    ["an array", "[1]"],
    ["no signalling", '{"businessID":2,"actionType":1,"data":"{}"}'],
    ["another business", '{"businessID":1,"actionType":1,"data":"{\\"businessID\\":\\"x\\"}"}'],
    ["no payload", '{"businessID":1,"actionType":1}'],
    ["an oversize text", `{"businessID":1,"data":"${"x".repeat(70_000)}"}`],
    ["deep nesting", '{"a":'.repeat(30_000)],
  ])("takes %s for no call message", (_, text) => {
    expect(parseCallMessage(text)).toBeUndefined();
  });
});

describe("the texts around a call", () => {
  const phrases: Phrase[] = [
    "peer-rejected",
    "peer-busy",
    "peer-no-response",
    "peer-hung-up",
    "waiting",
    "invites-voice",
    "invites-video",
    "invites-group",
    "connected",
    "in-call",
    "new-call",
  ];

  it.each(LANGUAGES)("says in %s what the server's crate says", (language) => {
    const around = golden.around[language];
    const own = texts[language];
    expect([...phrases.map((it) => own.phrase(it)), own.custom]).toEqual(around.phrases);
    const people = (count: number) => Array.from({ length: count }, (_, n) => `<${n}>`);
    expect([0, 1, 2, 3].map((count) => own.list(people(count)))).toEqual(around.lists);
    expect(golden.numbers.map((count) => own.missedCalls(count))).toEqual(around.missed);
    expect(golden.numbers.map((count) => own.inCall(count))).toEqual(around.in_call);
    expect(golden.numbers.map((n) => own.durationInWords(n))).toEqual(around.in_words);
  });

  it("tells no duration of a group's call in the list", () => {
    const [, example] = examples.find(([name]) => name === "engine/group_end")!;
    const message = parseCallMessage(example.text)!;
    expect(texts.en.groupSummary(message, bracketed)).toMatch(/^\[V\w+ call\]: End group call$/);
  });

  it("counts minutes without bound", () => {
    expect([0, 65, 3725].map(showTime)).toEqual(["00:00", "01:05", "62:05"]);
  });
});

describe("the language of a tag", () => {
  it.each([
    ["zh", "zh-Hans"],
    ["zh-CN", "zh-Hans"],
    ["zh_TW", "zh-Hant"],
    ["zh-Hans-HK", "zh-Hans"],
    ["zh-Hant", "zh-Hant"],
    ["zh-MO", "zh-Hant"],
    ["en-GB", "en"],
    ["de", "en"],
    ["", "en"],
  ])("%s is %s", (tag, language) => {
    expect(languageOf(tag)).toBe(language);
  });
});
