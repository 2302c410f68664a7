/** What people do on the page, against a real server: two and more browsers with fake devices. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import {
  answer,
  callFrom,
  callWindow,
  connected,
  control,
  heard,
  hears,
  profileOf,
  Site,
  sound,
  withCalling,
} from "./site.js";

let site: Site;

beforeAll(async () => {
  site = await Site.start();
});
afterAll(() => site.stop());
afterEach(() => site.clear());

/** The texts of the newest conversation's bubbles and tips, the oldest first. */
async function records(page: Page, conversation: string): Promise<string[]> {
  await page.click(`calling-chat [data-conversation="${conversation}"]`);
  await page
    .locator("calling-chat .messages .record, calling-chat .messages .tip")
    .first()
    .waitFor();
  const found = page.locator(
    "calling-chat .messages .record, calling-chat .messages .tip:not(.time)",
  );
  return (await found.allTextContents()).map((it) => it.trim());
}

async function speak(page: Page, language: string): Promise<void> {
  await page.selectOption("calling-page .top select", language);
}

async function over(page: Page): Promise<string> {
  await control(page, "close").waitFor();
  return (await page.locator("calling-window .face .status").innerText()).trim();
}

describe("signing in", () => {
  it("takes one click, survives a reload, and ends", async () => {
    const page = await site.as("alice");
    expect(await page.locator("calling-chat h1").innerText()).toBe("Chats");
    await page.reload();
    await page.waitForSelector("calling-chat");
    await control(page, "sign-out").count();
    await page.click("[data-control=sign-out]");
    await page.waitForSelector("[data-account=alice]");
  });

  it("says in words what is wrong with a UserSig", async () => {
    const page = await site.visit();
    await page.click("summary");
    await page.fill("input[name=user]", "alice");
    await page.fill("textarea[name=sig]", "not a signature");
    await page.click("form button.primary");
    expect(await page.locator("[role=alert]").innerText()).toMatch(/UserSig/);
  });

  it("leads to pages that are accessible as a whole", async () => {
    // The gallery has every screen; here are headings, landmarks and the language of a whole page.
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const violations = (page: Page): Promise<string[]> =>
      page.evaluate(async () => {
        const { axe } = window as unknown as { axe: typeof import("axe-core") };
        const { violations } = await axe.run(document, { resultTypes: ["violations"] });
        return violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html.slice(0, 160)}`));
      });
    const page = await site.visit();
    await page.evaluate(axe);
    expect(await violations(page)).toEqual([]);
    await page.click("[data-account=alice]");
    await page.waitForSelector("calling-chat");
    expect(await violations(page)).toEqual([]);
    await callFrom(page, "echo", "voice");
    await connected(page);
    expect(await violations(page)).toEqual([]);
  });

  it("loads nothing from elsewhere and breaks no policy", async () => {
    const asked: string[] = [];
    const page = await site.visit({}, (page) => {
      page.on("request", (request) => asked.push(request.url()));
      page.on("console", (message) => {
        if (message.type() === "error") asked.push(message.text());
      });
      return Promise.resolve();
    });
    await page.click("[data-account=alice]");
    await page.waitForSelector("calling-chat");
    await profileOf(page, "bob");
    expect(asked.filter((it) => !it.startsWith(site.origin))).toEqual([]);
    expect(asked.length).toBeGreaterThan(2);
  });
});

describe("a voice call", () => {
  it("is placed, answered, heard and recorded in three languages", async () => {
    const [alice, bob] = [await site.as("alice"), await site.as("bob")];
    await callFrom(alice, "bob", "voice");
    await control(bob, "accept").waitFor();
    expect(await bob.locator("calling-window .kicker").innerText()).toBe("Incoming voice call");
    expect(await bob.locator("calling-window .name").innerText()).toBe("alice");
    await answer(bob);
    await connected(alice);
    await Promise.all([hears(alice, sound), hears(bob, sound)]);
    expect(await alice.locator("calling-window .time").innerText()).toMatch(/^00:0\d$/);
    await control(alice, "hang-up").click();
    await expect.poll(() => over(alice)).toMatch(/^Duration: 00:\d\d$/);
    await expect.poll(() => over(bob)).toMatch(/^Duration: 00:\d\d$/);
    await control(bob, "close").click();
    for (const [language, text] of [
      ["en", /^Duration: 00:\d\d$/],
      ["zh-Hans", /^通话时长：00:\d\d$/],
      ["zh-Hant", /^通話時長：00:\d\d$/],
    ] as const) {
      await speak(bob, language);
      expect((await records(bob, "u:alice")).at(-1)).toMatch(text);
    }
    const summary = bob.locator('calling-chat [data-conversation="u:alice"] .last');
    expect(await summary.innerText()).toMatch(/^\[語音通話\]：通話時間：00:\d\d$/);
  });

  it("is declined", async () => {
    const [alice, bob] = [await site.as("alice"), await site.as("bob")];
    await callFrom(alice, "bob", "voice");
    await control(bob, "decline").click();
    await expect.poll(() => over(alice)).toBe("Call declined by user");
    await control(alice, "close").click();
    await callWindow(alice).waitFor({ state: "detached" });
    expect((await records(alice, "u:bob")).at(-1)).toBe("Call declined by user");
  });

  it("is withdrawn, and leaves a missed call with an unread mark", async () => {
    const [alice, carol] = [await site.as("alice"), await site.as("carol")];
    await callFrom(alice, "carol", "voice");
    await control(carol, "accept").waitFor();
    await control(alice, "hang-up").click();
    await expect.poll(() => over(carol)).toBe("Call canceled by caller");
    await control(carol, "close").click();
    const row = carol.locator('calling-chat [data-conversation="u:alice"]');
    await row.locator(".unread").waitFor();
    expect(await carol.title()).toBe("(1) Calling");
    await row.click();
    await carol.locator("calling-chat .bubble.missed").waitFor();
    await row.locator(".unread").waitFor({ state: "detached" });
    expect(await carol.title()).toBe("Calling");
  });

  it("meets a busy line", async () => {
    const pages = [await site.as("alice"), await site.as("bob"), await site.as("carol")] as const;
    const [alice, bob, carol] = pages;
    await callFrom(alice, "bob", "voice");
    await answer(bob);
    await callFrom(carol, "bob", "voice");
    await expect.poll(() => over(carol)).toBe("Line busy");
    // The conversation goes on.
    await hears(bob, sound);
    await control(bob, "hang-up").click();
    await expect.poll(() => over(alice)).toMatch(/^Duration/);
  });

  it("is not answered in time", async () => {
    const [alice, bob] = [await site.as("alice"), await site.as("bob")];
    await withCalling(alice, (calling) => calling.call("bob", "audio", { timeoutS: 2 }), 0);
    await control(bob, "accept").waitFor();
    await expect.poll(() => over(alice)).toBe("Call wasn't answered");
    await expect.poll(() => over(bob)).toBe("Call timeout");
  });

  it("is muted, made small by Escape, and comes back", async () => {
    const [alice, bob] = [await site.as("alice"), await site.as("bob")];
    await callFrom(alice, "bob", "voice");
    await answer(bob);
    await connected(alice);
    await hears(bob, sound);
    await control(alice, "mic").click();
    await bob.locator("calling-window .peer-muted").waitFor();
    expect(await control(alice, "mic").getAttribute("aria-label")).toBe("Unmute");
    await alice.keyboard.press("Escape");
    await control(alice, "restore").waitFor();
    expect(await callWindow(alice).count()).toBe(0);
    // One writes while one talks.
    await alice.click("calling-chat .actions [data-control=message]");
    await alice.fill("calling-chat textarea", "on my way");
    await alice.keyboard.press("Enter");
    await alice.locator("calling-chat .bubble", { hasText: "on my way" }).waitFor();
    await control(alice, "restore").click();
    await connected(alice);
    await control(alice, "hang-up").click();
    await over(bob);
  });

  it("tells who has no microphone that they only listen", async () => {
    const alice = await site.as("alice", {}, (page) =>
      page.addInitScript(() => {
        const refuse = (): Promise<MediaStream> =>
          Promise.reject(new DOMException("denied", "NotAllowedError"));
        navigator.mediaDevices.getUserMedia = refuse;
      }),
    );
    const bob = await site.as("bob");
    await callFrom(bob, "alice", "voice");
    await answer(alice);
    const warning = alice.locator("calling-window .notice.warning");
    await warning.waitFor();
    expect(await warning.innerText()).toContain("You are listening only.");
    await hears(alice, sound);
    expect((await heard(bob)).energy).toBe(0);
  });
});

describe("a group call", { timeout: 120_000 }, () => {
  it("is placed in a group, left, joined again from the banner, and ends", async () => {
    const pages = [await site.as("alice"), await site.as("bob"), await site.as("carol")] as const;
    const [alice, bob, carol] = pages;
    await alice.click('calling-chat .side-head [title="New group"]');
    await alice.fill("calling-dialog input[name=name]", "Weekly planning");
    for (const user of ["bob", "carol"]) {
      await alice.check(`calling-dialog input[value=${user}]`);
    }
    await alice.click("calling-dialog button.primary");
    await alice.click("calling-chat .pane-head [data-control=voice]");
    await alice.click("calling-dialog [data-control=start-call]");
    for (const page of [bob, carol]) {
      await control(page, "accept").waitFor();
      expect(await page.locator("calling-window .kicker").innerText()).toBe("Incoming group call");
      await answer(page);
    }
    await expect.poll(() => alice.locator("calling-window .tile").count()).toBe(3);
    await Promise.all(pages.map((page) => hears(page, sound)));
    expect(await alice.locator("calling-window .title h2").innerText()).toBe("Weekly planning");

    await control(carol, "hang-up").click();
    await control(carol, "close").click();
    await expect.poll(() => alice.locator("calling-window .tile").count()).toBe(2);
    const group = carol.locator("calling-chat [data-conversation^='g:']");
    await group.click();
    await carol.click("calling-chat .banner [data-control=join]");
    await connected(carol);
    await hears(carol, sound);
    await expect.poll(() => bob.locator("calling-window .tile").count()).toBe(3);

    await control(alice, "hang-up").click();
    await control(bob, "hang-up").click();
    // Nobody is left for her to talk to.
    await control(carol, "close").click();
    await carol.locator("calling-chat .banner").waitFor({ state: "detached" });
    const last = carol.locator("calling-chat .messages .tip:not(.time)").last();
    for (const [language, text] of [
      ["en", "End group call"],
      ["zh-Hans", "通话结束"],
      ["zh-Hant", "通話結束"],
    ] as const) {
      await speak(carol, language);
      await expect.poll(() => last.innerText()).toBe(text);
    }
  });

  it("grows out of a call of two", async () => {
    const pages = [await site.as("alice"), await site.as("bob"), await site.as("carol")] as const;
    const [alice, bob, carol] = pages;
    await callFrom(alice, "bob", "voice");
    await answer(bob);
    await connected(alice);
    await alice.click("calling-window .head .right .icon-button");
    await alice.check("calling-dialog input[value=carol]");
    await alice.click("calling-dialog button.primary");
    await control(carol, "accept").waitFor();
    expect(await carol.locator("calling-window .also p").innerText()).toContain("bob");
    await answer(carol);
    await expect.poll(() => bob.locator("calling-window .tile").count()).toBe(3);
    await hears(carol, sound);
    await control(alice, "hang-up").click();
    await expect.poll(() => bob.locator("calling-window .tile").count()).toBe(2);
  });
});

describe("what others write", () => {
  it("stays text: names, remarks and messages", async () => {
    const evil = `<img src=x onerror="document.title='owned'">`;
    const [alice, dave] = [await site.as("alice"), await site.as("bob")];
    await withCalling(dave, (calling, nickname) => calling.chat.setSelfInfo({ nickname }), evil);
    await withCalling(
      dave,
      (calling, text) => calling.chat.sendText({ user: "alice" }, text).then(() => undefined),
      evil,
    );
    await alice.reload();
    const row = alice.locator('calling-chat [data-conversation="u:bob"]');
    await row.click();
    await alice.locator("calling-chat .bubble", { hasText: "onerror" }).waitFor();
    expect(await row.locator("b").innerText()).toContain("<img");
    expect(await alice.locator("calling-chat img").count()).toBe(0);
    expect(await alice.title()).not.toBe("owned");
    await withCalling(dave, (calling) => calling.chat.setSelfInfo({ nickname: "" }), 0);
  });

  it("stays text: titles of groups, in the chat and in a call", async () => {
    const evil = `<img src=x onerror="document.title='owned'">`;
    const [alice, bob] = [await site.as("alice"), await site.as("bob")];
    const group = await withCalling(
      bob,
      async (calling, name) => {
        const { groupId } = await calling.chat.createGroup({ name, members: ["alice"] });
        await calling.groupCall({ users: ["alice"], groupId, mediaType: "audio" });
        return groupId;
      },
      evil,
    );
    await control(alice, "accept").waitFor();
    await answer(alice);
    expect(await alice.locator("calling-window .title h2").innerText()).toBe(evil);
    await alice.keyboard.press("Escape");
    const row = alice.locator(`calling-chat [data-conversation="g:${group}"]`);
    expect(await row.locator("b").innerText()).toBe(evil);
    expect(await alice.locator("calling-chat img, calling-window img").count()).toBe(0);
    expect(await alice.title()).not.toBe("owned");
  });

  it("is no avatar from elsewhere, and none that is too large", async () => {
    const asked: string[] = [];
    const bob = await site.as("bob");
    const refused = await withCalling(
      bob,
      (calling, avatar) =>
        calling.chat.setSelfInfo({ avatar }).then(
          () => undefined,
          (error: unknown) => (error as { code: number }).code,
        ),
      `data:image/png;base64,${"A".repeat(600)}`,
    );
    expect(refused).toBe(-1202);
    const avatar = "https://elsewhere.example/beacon.png";
    await withCalling(bob, (calling, avatar) => calling.chat.setSelfInfo({ avatar }), avatar);
    const alice = await site.as("alice", {}, (page) => {
      page.on("request", (request) => asked.push(request.url()));
      return Promise.resolve();
    });
    await profileOf(alice, "bob");
    expect(asked.filter((it) => !it.startsWith(site.origin))).toEqual([]);
    expect(await alice.locator("calling-chat img").count()).toBe(0);
    await withCalling(bob, (calling) => calling.chat.setSelfInfo({ avatar: "" }), 0);
  });
});

describe("a page of somebody else", () => {
  it("learns no demo account, and signs in nobody with another's UserSig", async () => {
    const { app, sig } = await accountOf("carol");
    const page = await site.visit();
    const shop = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><title>Shop</title>");
    });
    await new Promise<void>((listening) => shop.listen(0, "127.0.0.1", listening));
    try {
      await page.goto(`http://127.0.0.1:${(shop.address() as AddressInfo).port}/`);
      const seen = await page.evaluate(
        (origin) => fetch(`${origin}/v1/status`).then((it) => it.text(), () => "nothing"),
        site.origin,
      );
      expect(seen).toBe("nothing");
      const code = await page.evaluate(
        ({ origin, app, sig }) =>
          new Promise<number>((told) => {
            const socket = new WebSocket(`${origin.replace("http", "ws")}/v1/ws`);
            const ask = (id: number, method: string, params: object): void =>
              socket.send(JSON.stringify({ id, method, params }));
            const who = { sdk_app_id: app, user_id: "alice", user_sig: sig, device_id: "shop" };
            socket.onopen = () => ask(1, "hello", { versions: [1], agent: "shop" });
            socket.onmessage = ({ data }) => {
              const { id, error } = JSON.parse(String(data)) as { id: number; error?: { code: number } };
              if (id === 1) ask(2, "sign_in", who);
              else told(error?.code ?? 0);
            };
          }),
        { origin: site.origin, app, sig },
      );
      expect(code).toBe(70013);
    } finally {
      shop.close();
    }
  });

  it("has the window by one script tag", async () => {
    const { app, sig } = await accountOf("carol");
    const asked: string[] = [];
    const page = await site.visit();
    page.on("request", (request) => asked.push(request.url()));
    const html = `<!doctype html><html lang="en"><title>Shop</title>
      <script type="module" src="${site.origin}/calling.js"></script>
      <calling-window url="${site.origin}" sdk-app-id="${app}" user-id="carol" user-sig="${sig}"></calling-window>`;
    const shop = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(html);
    });
    await new Promise<void>((listening) => shop.listen(0, "127.0.0.1", listening));
    try {
      const own = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
      await page.goto(`${own}/`);
      const alice = await site.as("alice");
      await page.waitForFunction(
        () => document.querySelector("calling-window")?.calling?.state.connection === "connected",
      );
      await callFrom(alice, "carol", "voice");
      await control(page, "accept").click();
      await hears(page, sound);
      // Its texts and sounds, too, come from the server alone.
      const elsewhere = asked.filter((it) => !it.startsWith(site.origin) && !it.startsWith(own));
      expect(elsewhere).toEqual([]);
      expect(asked).toContain(`${site.origin}/calling.js`);
    } finally {
      shop.close();
    }
  });
});

async function accountOf(user: string): Promise<{ app: number; sig: string }> {
  const status = (await (await fetch(`${site.origin}/v1/status`)).json()) as {
    sdk_app_id: number;
    accounts: { user_id: string; user_sig: string }[];
  };
  const sig = status.accounts.find((it) => it.user_id === user)!.user_sig;
  return { app: status.sdk_app_id, sig };
}
