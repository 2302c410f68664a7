import { describe, expect, it, vi } from "vitest";

import { member } from "../../../src/ui/fake/fake-calling.js";
import { Directory } from "../../../src/ui/model/directory.js";
import {
  avatarUrl,
  clock,
  colourOf,
  initials,
  nameOf,
  onOneLine,
  timeOf,
  when,
} from "../../../src/ui/model/format.js";
import {
  cornerTowards,
  gridFor,
  nearestCorner,
  pageCount,
  pageOf,
} from "../../../src/ui/model/layout.js";
import { LOUDER_BY, nextSpeaker, SPEAKS_FROM } from "../../../src/ui/model/speaker.js";
import { notesBetween } from "../../../src/ui/sound/ring.js";
import { FluentTexts } from "../../../src/ui/texts/fluent.js";
import { LANGUAGES, textsFor } from "../../../src/ui/texts/index.js";
import { target } from "../../../src/ui/window/menu.js";
import { factsOf, keptAccount } from "../../../src/page/accounts.js";
import { load } from "../../../src/page/preferences.js";

describe("the grid", () => {
  it.each([
    [1, 1000, 600, 1, 1],
    [2, 1000, 600, 2, 1],
    [2, 360, 640, 1, 2],
    [3, 360, 640, 1, 3],
    [4, 1000, 600, 2, 2],
    // As wide as the window of a call on a desk.
    [4, 1116, 530, 2, 2],
    [9, 1116, 530, 3, 3],
    [4, 360, 640, 2, 2],
    [6, 1000, 600, 3, 2],
    [9, 1000, 600, 3, 3],
    [9, 360, 640, 3, 3],
  ])("of %i tiles in %i × %i has %i columns and %i rows", (count, width, height, columns, rows) => {
    expect(gridFor(count, width, height)).toEqual({ columns, rows });
  });

  it("has a place for everybody, whatever the window is", () => {
    for (let count = 1; count <= 9; count += 1) {
      for (const [width, height] of [
        [0, 0],
        [1, 2000],
        [2000, 1],
        [320, 320],
      ] as const) {
        const { columns, rows } = gridFor(count, width, height);
        expect(columns * rows).toBeGreaterThanOrEqual(count);
      }
    }
  });

  it("has pages of nine", () => {
    const people = Array.from({ length: 20 }, (_, n) => n);
    expect([0, 1, 9, 10, 20].map(pageCount)).toEqual([1, 1, 1, 2, 3]);
    expect(pageOf(people, 1)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17]);
    expect(pageOf(people, 2)).toEqual([18, 19]);
    expect([pageOf(people, 7), pageOf(people, -1)[0]]).toEqual([[18, 19], 0]);
  });
});

describe("a corner", () => {
  it("is the nearest", () => {
    expect(nearestCorner(10, 10, 100, 100)).toBe("top-left");
    expect(nearestCorner(90, 10, 100, 100)).toBe("top-right");
    expect(nearestCorner(10, 90, 100, 100)).toBe("bottom-left");
    expect(nearestCorner(90, 90, 100, 100)).toBe("bottom-right");
  });

  it("is reached by arrow keys", () => {
    expect(cornerTowards("top-left", "ArrowDown")).toBe("bottom-left");
    expect(cornerTowards("bottom-left", "ArrowRight")).toBe("bottom-right");
    expect(cornerTowards("bottom-right", "ArrowUp")).toBe("top-right");
    expect(cornerTowards("top-right", "ArrowLeft")).toBe("top-left");
    expect(cornerTowards("top-right", "Enter")).toBe("top-right");
  });

  it("of a menu's focus goes round", () => {
    expect(["ArrowDown", "ArrowUp", "Home", "End", "x"].map((key) => target(key, 0, 3))).toEqual([
      1,
      2,
      0,
      2,
      undefined,
    ]);
    expect(target("ArrowDown", 2, 3)).toBe(0);
  });
});

describe("the speaker", () => {
  const people = (...volumes: number[]) => volumes.map((volume, n) => member(`${n}`, { volume }));

  it("is nobody while it is quiet", () => {
    expect(nextSpeaker(undefined, people(0, SPEAKS_FROM - 1))).toBeUndefined();
  });

  it("stays who spoke last", () => {
    expect(nextSpeaker("1", people(0, 0))).toBe("1");
  });

  it("changes to who is louder by enough", () => {
    expect(nextSpeaker("0", people(20, 20 + LOUDER_BY - 1))).toBe("0");
    expect(nextSpeaker("0", people(20, 20 + LOUDER_BY))).toBe("1");
    expect(nextSpeaker("0", people(0, SPEAKS_FROM))).toBe("1");
  });

  it("is nobody who left or only rings", () => {
    expect(nextSpeaker("9", people(0))).toBeUndefined();
    expect(nextSpeaker(undefined, [member("a", { volume: 90, state: "left" })])).toBeUndefined();
  });
});

describe("names", () => {
  it("stay on their line and in their direction", () => {
    expect(onOneLine("a\nb\u2028c\u202ed\u0007")).toBe("a b cd");
    expect(nameOf("bob", { remark: " \u202e", nickname: "Bob\n" })).toBe("Bob");
    expect(nameOf("bob", { remark: "Bobby", nickname: "Bob" })).toBe("Bobby");
    expect(nameOf("bob", undefined)).toBe("bob");
  });

  it("have letters that stand for them", () => {
    expect(["Bob", "Ada Lovelace", "a b c", "王小明", "", "👩‍👩‍👧 x"].map(initials)).toEqual([
      "B",
      "AL",
      "AC",
      "小明",
      "?",
      "👩‍👩‍👧X",
    ]);
  });

  it("keep their colour, and white letters can be read on each", () => {
    expect(colourOf("bob")).toBe(colourOf("bob"));
    const colours = new Set(Array.from({ length: 200 }, (_, n) => colourOf(`user${n}`)));
    expect(colours.size).toBe(8);
    for (const colour of colours) expect(contrastWithWhite(colour)).toBeGreaterThanOrEqual(4.5);
  });
});

/** WCAG 2.2, relative luminance. */
function contrastWithWhite(colour: string): number {
  const part = (at: number): number => {
    const c = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 1.05 / (0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) + 0.05);
}

describe("an avatar", () => {
  const page = "https://calls.example.com/";

  it("comes from the page's own server, or is written in its address", () => {
    expect(avatarUrl("/a.png", page)).toBe("https://calls.example.com/a.png");
    expect(avatarUrl("data:image/png;base64,AAAA", page)).toBe("data:image/png;base64,AAAA");
  });

  it.each([
    "",
    "https://elsewhere.example/a.png",
    "//elsewhere.example/a.png",
    "javascript:alert(1)",
    "data:image/svg+xml;base64,AAAA",
    "data:text/html,<script>",
    'data:image/png;base64,AAAA" onerror="x',
    `data:image/png;base64,${"A".repeat(70_000)}`,
    "http://[",
    "blob:https://calls.example.com/1",
  ])("is nothing else: %.40s", (avatar) => {
    expect(avatarUrl(avatar, page)).toBeUndefined();
  });
});

describe("times", () => {
  it("are clocks", () => {
    expect([-5, 0, 61_000, 3_725_000].map(clock)).toEqual(["00:00", "00:00", "01:01", "1:02:05"]);
  });

  it("are told shortly", () => {
    const now = new Date(2024, 4, 20, 12, 0).getTime();
    const ago = (days: number): string => when(now - days * 86_400_000, now, "en", "Yesterday");
    expect(ago(0)).toBe(timeOf(now, "en"));
    expect([ago(1), ago(3), ago(30), ago(500)]).toEqual([
      "Yesterday",
      "Fri",
      "Apr 20",
      "Jan 6, 2023",
    ]);
    expect(when(now + 5000, now, "en", "Yesterday")).toBe("12:00");
  });
});

describe("melodies", () => {
  it("go on without a gap or a note twice, however they are asked for", () => {
    const whole = notesBetween("incoming", 0, 12);
    const parts = Array.from({ length: 48 }, (_, n) =>
      notesBetween("incoming", n / 4, (n + 1) / 4),
    );
    expect(parts.flat()).toEqual(whole);
    expect(whole).toHaveLength(24);
  });

  it("end where they are to end", () => {
    expect(notesBetween("ended", 0, 100)).toHaveLength(2);
    expect(notesBetween("outgoing", 0, 8)).toHaveLength(2);
  });
});

describe("the directory", () => {
  it("asks once for many, and names them", async () => {
    const profiles = vi.fn((users: readonly string[]) =>
      Promise.resolve(
        users.map((user) => ({ user, nickname: user.toUpperCase(), avatar: "", remark: "" })),
      ),
    );
    const changed = vi.fn();
    const names = new Directory({ chat: { profiles } as never }, changed);
    expect([names.name("bob"), names.name("carol"), names.name("bob"), names.name("")]).toEqual([
      "bob",
      "carol",
      "bob",
      "",
    ]);
    await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce());
    expect(profiles.mock.calls).toEqual([[["bob", "carol"]]]);
    expect(names.name("bob")).toBe("BOB");
    expect(names.avatar("carol")).toEqual({ id: "carol", name: "CAROL", url: "" });
  });

  it("asks again for those who are unknown only when told to", async () => {
    const profiles = vi.fn(() => Promise.reject(new Error("not signed in")));
    const names = new Directory({ chat: { profiles } as never }, () => undefined);
    names.name("bob");
    await vi.waitFor(() => expect(profiles).toHaveBeenCalledTimes(1));
    names.name("bob");
    await Promise.resolve();
    expect(profiles).toHaveBeenCalledTimes(1);
    names.retry();
    await vi.waitFor(() => expect(profiles).toHaveBeenCalledTimes(2));
  });
});

describe("texts", () => {
  it("are there in every language, each of them filled", () => {
    for (const language of LANGUAGES) {
      const texts = textsFor(language) as unknown as Record<string, unknown>;
      for (const [name, text] of Object.entries(texts)) {
        const shown =
          typeof text === "function" ? (text as (...a: unknown[]) => string)("A", 2) : text;
        if (typeof shown === "string") expect(shown.trim(), `${language} ${name}`).not.toBe("");
      }
      expect(texts["language"]).toBe(language);
    }
  });

  it("are read from Fluent: literals, arguments, attributes, plurals", () => {
    const texts = new FluentTexts(
      "en",
      'a = { "x " }{ $b }\n    .web = y\nmany = { $n ->\n    [one] { $n } call\n   *[other] { $n } calls\n}\nz = end',
    );
    expect(texts.get("a", { b: "<b>" })).toBe("x <b>");
    expect(texts.get("a.web")).toBe("y");
    expect([1, 2].map((n) => texts.get("many", { n }))).toEqual(["1 call", "2 calls"]);
    expect([texts.get("z"), texts.get("none")]).toEqual(["end", "none"]);
    expect(texts.names).toEqual(["a", "a.web", "many", "z"]);
  });
});

describe("what the page keeps", () => {
  const kept = (value: string | null) => ({ getItem: () => value });

  it("is a language and a theme", () => {
    expect(load(kept('{"language":"zh-Hant","theme":"dark"}'), ["en"])).toEqual({
      language: "zh-Hant",
      theme: "dark",
    });
    expect(load(kept(null), ["fr", "zh-TW", "en"])).toEqual({ language: "zh-Hant", theme: "auto" });
    expect(load(kept("broken"), [])).toEqual({ language: "en", theme: "auto" });
    expect(load(kept("[1]"), ["de"])).toEqual({ language: "en", theme: "auto" });
  });

  it("is who signed in in this tab", () => {
    expect(keptAccount(kept('{"userId":"a","userSig":"s"}'))).toEqual({
      userId: "a",
      userSig: "s",
    });
    expect([kept(null), kept("{"), kept('{"userId":1}')].map(keptAccount)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("knows demo accounts from the status alone", () => {
    const accounts = [{ user_id: "alice", user_sig: "s" }, { user_id: 1 }, null];
    expect(factsOf({ demo: true, accounts })).toEqual({
      isDemo: true,
      accounts: [{ userId: "alice", userSig: "s" }],
    });
    expect([factsOf(null), factsOf({ demo: "yes" })]).toEqual([
      { isDemo: false, accounts: [] },
      { isDemo: false, accounts: [] },
    ]);
  });
});
