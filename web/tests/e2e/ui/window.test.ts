/** What the call window does with a call that is told to it: the gallery's screens, with hands on them. */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { FakeCalling } from "../../../src/ui/fake/fake-calling.js";
import { Shelf } from "./shelf.js";

let shelf: Shelf;
let page: Page;

beforeAll(async () => {
  shelf = await Shelf.open();
  page = await shelf.page("en", { viewport: { width: 1280, height: 800 } });
});
afterAll(() => shelf.close());

const show = (screen: string): Promise<void> => page.evaluate((it) => gallery.show(it, "light"), screen);
const part = (selector: string): Locator => page.locator(`calling-window ${selector}`);
const button = (name: string): Locator => part(`[data-control="${name}"]`);
const users = (): Promise<(string | null)[]> =>
  part(".grid .tile").evaluateAll((all) => all.map((it) => it.getAttribute("data-user")));

/** What was asked of the SDK by a method, the last one first. */
function asked(method: string): Promise<unknown[] | undefined> {
  return page.evaluate((method) => {
    const fake = document.querySelector("calling-window")!.calling as unknown as FakeCalling;
    return fake.asked.findLast(([it]) => it === method)?.slice(1);
  }, method);
}

/** Of the call in the window, who is how loud. */
function volumes(of: Record<string, number>): Promise<void> {
  return page.evaluate(async (of) => {
    const window = document.querySelector("calling-window")!;
    const fake = window.calling as unknown as FakeCalling;
    const { call } = fake.state;
    const members = call!.members.map((it) => ({ ...it, volume: of[it.user] ?? 0 }));
    fake.put({ ...fake.state, call: { ...call!, members } });
    await window.updateComplete;
  }, of);
}

test("more than nine have pages, and who speaks on another one is a click away", async () => {
  await show("group-paged");
  expect(await users()).toHaveLength(9);
  const firsts = await users();
  await part(".pager [aria-label='Next page']").click();
  expect(await users()).toHaveLength(3);
  expect((await users()).filter((it) => firsts.includes(it))).toEqual([]);
  const last = (await users())[0]!;
  await part(".pager [aria-label='Previous page']").click();
  await volumes({ [last]: 60 });
  await part(".pager [data-control=to-speaker]").click();
  expect(await users()).toContain(last);
  expect(await part(".tile.active").getAttribute("data-user")).toBe(last);
  // Who speaks on the page that is shown needs no such button.
  expect(await button("to-speaker").count()).toBe(0);
});

test("a frame and a meter follow who speaks", async () => {
  await show("group-4");
  const level = (user: string): Promise<number> =>
    part(`.tile[data-user=${user}] .meter i:nth-child(2)`).evaluate((it) => it.getBoundingClientRect().height);
  await volumes({ bob: 70 });
  expect(await part(".tile.active").getAttribute("data-user")).toBe("bob");
  await expect.poll(() => level("bob")).toBeGreaterThan((await level("dave")) + 4);
  await volumes({ dave: 70 });
  await expect.poll(() => part(".tile.active").getAttribute("data-user")).toBe("dave");
});

test("full screen comes and goes", async () => {
  await show("group-4");
  await part("[title='Full screen']").click();
  await part("[title='Leave full screen']").waitFor();
  expect(await page.evaluate(() => document.fullscreenElement?.tagName)).toBe("CALLING-WINDOW");
  await part("[title='Leave full screen']").click();
  await part("[title='Full screen']").waitFor();
  expect(await page.evaluate(() => document.fullscreenElement)).toBeNull();
});

test("devices are chosen by keys alone", async () => {
  await show("voice");
  await button("speaker").press("Enter");
  const focused = part(".menu :focus");
  expect(await focused.innerText()).toBe("System default");
  await focused.press("ArrowDown");
  await part(".menu :focus").press("ArrowDown");
  expect(await part(".menu :focus").innerText()).toBe("Headset");
  await part(".menu :focus").press("Enter");
  expect(await asked("selectSpeaker")).toEqual(["spk-2"]);
  await button("speaker").click();
  expect(await part(".menu [aria-checked=true]").innerText()).toBe("Headset");
  await page.keyboard.press("Escape");
  expect(await part(".menu").count()).toBe(0);
  // Where one was before.
  expect(await part(":focus").getAttribute("data-control")).toBe("speaker");
});

test("a call is answered and ended by keys alone, and told to a screen reader", async () => {
  const focused = (): Promise<string | null> =>
    page.evaluate(() => {
      const window = document.querySelector("calling-window")!;
      return window.shadowRoot!.activeElement?.getAttribute("data-control") ?? null;
    });
  const goTo = async (name: string): Promise<void> => {
    for (let steps = 0; (await focused()) !== name; steps += 1) {
      expect(steps, `${name} is reached`).toBeLessThan(8);
      await page.keyboard.press("Tab");
    }
  };
  await show("incoming-voice");
  expect(await part("[role=status]").innerText()).toBe("Incoming voice call: Bob Lindqvist");
  // Whoever was typing does not answer by it.
  expect(await focused()).toBeNull();
  await page.keyboard.press("Enter");
  expect(await asked("accept")).toBeUndefined();
  await goTo("accept");
  await page.keyboard.press("Enter");
  expect(await asked("accept")).toEqual([]);
  await show("voice");
  await goTo("hang-up");
  await page.keyboard.press("Space");
  expect(await asked("hangup")).toEqual([]);
});

test("the camera is switched from the menu", async () => {
  await show("video-more");
  await part(".menu .item").filter({ hasText: "Switch camera" }).click();
  expect(await asked("switchCamera")).toEqual([]);
  expect(await part(".menu").count()).toBe(0);
});

test("an application's own view has the events, and no window", async () => {
  await page.evaluate(() => gallery.show("incoming-voice", "light"));
  await part("dialog").waitFor();
  const told = await page.evaluate(async () => {
    const window = document.querySelector("calling-window")!;
    const fake = window.calling as unknown as FakeCalling;
    const { call, ...signedIn } = fake.state;
    const phases: string[] = [];
    window.addEventListener("call-phase", (it) => phases.push((it as CustomEvent<{ phase: string }>).detail.phase));
    window.customView = true;
    fake.put(signedIn);
    fake.put({ ...signedIn, call: call! });
    await window.updateComplete;
    fake.put({ ...signedIn, call: { ...call!, phase: "connected", mediaType: "video", connectedAt: Date.now() } });
    await window.updateComplete;
    return { phases, elements: window.shadowRoot!.childElementCount, asked: fake.asked };
  });
  expect(told.phases.slice(-2)).toEqual(["incoming", "connected"]);
  expect(told.elements).toBe(0);
  // Not even the camera is opened behind the application's back.
  expect(told.asked).toEqual([]);
});
