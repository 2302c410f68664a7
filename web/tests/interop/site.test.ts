/** The page at `/` as people get it, in Firefox and Chromium: sign in with a click, call, talk, see. */
import { afterAll, beforeAll, test } from "vitest";
import { openChromium, openFirefox, type Browser, type Tab } from "./browsers.js";
import { Lab } from "./lab.js";
import { Sheet } from "./sheet.js";

/** What this file puts into a page before its own scripts. */
interface Eyes {
  /** Clicks the first of what a selector finds, in shadow trees too, as soon as it is there. */
  press(selector: string): Promise<void>;
  write(selector: string, text: string): Promise<void>;
  /** Until no call is left in the page. */
  over(): Promise<void>;
  /** The loudest frequency (Hz) of what comes in, once it is heard; beeps come and go. */
  hears(): Promise<number>;
  /** Red, green and blue in the middle of what comes in, once twenty pictures of it were shown. */
  sees(): Promise<number[]>;
}
declare global {
  var eyes: Eyes;
}

const sheet = new Sheet("site");
const chromium = await openChromium();
const firefox = await openFirefox();
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start({ config: "demo = true\n" });
});
afterAll(async () => {
  sheet.save();
  await chromium.close();
  if (typeof firefox !== "string") await firefox.close();
  await lab.stop();
});

/** Runs in the page. */
function open(): void {
  const made: RTCPeerConnection[] = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(config?: RTCConfiguration) {
      super(config);
      made.push(this);
    }
  };
  const below = (root: Document | ShadowRoot | Element, selector: string): Element[] => {
    const inside = [...root.querySelectorAll("*")];
    const shadows = [...inside, ...(root instanceof Element ? [root] : [])].map((it) => it.shadowRoot);
    const found = inside.filter((it) => it.matches(selector));
    return [...found, ...shadows.flatMap((it) => (it === null ? [] : below(it, selector)))];
  };
  const find = (selector: string): HTMLElement | undefined => {
    let roots: (Document | Element)[] = [document];
    for (const step of selector.split(" > ")) roots = roots.flatMap((it) => below(it, step));
    return roots[0] as HTMLElement | undefined;
  };
  const until = async <T>(what: string, condition: () => T | undefined): Promise<T> => {
    const giveUp = performance.now() + 20_000;
    for (;;) {
      const met = condition();
      if (met !== undefined) return met;
      if (performance.now() > giveUp) throw new Error(`never: ${what}`);
      await new Promise((soon) => setTimeout(soon, 50));
    }
  };
  const incoming = (kind: string): MediaStreamTrack | undefined =>
    made
      .filter((it) => it.connectionState === "connected")
      .flatMap((it) => it.getTransceivers())
      .filter((it) => it.currentDirection === "recvonly" || it.currentDirection === "sendrecv")
      .map((it) => it.receiver.track)
      .find((it) => it.kind === kind);
  globalThis.eyes = {
    press: async (selector) => (await until(selector, () => find(selector))).click(),
    over: async () => {
      const isOver = (): boolean => made.every((it) => it.connectionState === "closed");
      await until("the end of the call", () => (isOver() ? true : undefined));
    },
    write: async (selector, text) => {
      const field = (await until(selector, () => find(selector))) as HTMLInputElement;
      field.value = text;
      for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true, composed: true }));
    },
    hears: async () => {
      const track = await until("a sound that comes in", () => incoming("audio"));
      const context = new AudioContext({ sampleRate: 48_000 });
      await context.resume();
      const ear = new AnalyserNode(context, { fftSize: 4_096, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(new MediaStream([track])).connect(ear);
      const spectrum = new Float32Array(ear.frequencyBinCount);
      const hz = await until("a sound", () => {
        ear.getFloatFrequencyData(spectrum);
        const loudest = spectrum.indexOf(Math.max(...spectrum));
        const hz = (loudest * 48_000) / 4_096;
        // What a jitter buffer makes up hums below any voice; the sound itself comes after.
        return (spectrum[loudest] ?? -Infinity) > -45 && hz > 100 ? hz : undefined;
      });
      await context.close();
      return hz;
    },
    sees: async () => {
      await until("a picture that comes in", () => incoming("video"));
      // The element of the page that shows it; the page may take another one while the call begins.
      const shows = (it: Element): boolean => {
        const { srcObject, videoWidth } = it as HTMLVideoElement;
        const track = incoming("video");
        return track !== undefined && srcObject instanceof MediaStream && srcObject.getTracks().includes(track) && videoWidth > 0;
      };
      // Firefox keeps no `getVideoPlaybackQuality` of streams.
      const shown = new Map<HTMLVideoElement, number>();
      const count = (it: HTMLVideoElement): void => {
        shown.set(it, (shown.get(it) ?? -1) + 1);
        it.requestVideoFrameCallback(() => count(it));
      };
      const element = await until("twenty pictures", () => {
        const now = below(document, "video").find(shows) as HTMLVideoElement | undefined;
        if (now !== undefined && !shown.has(now)) count(now);
        return now !== undefined && shown.get(now)! >= 20 ? now : undefined;
      });
      const canvas = new OffscreenCanvas(16, 16);
      const context = canvas.getContext("2d", { willReadFrequently: true })!;
      context.drawImage(element, 0, 0, 16, 16);
      return [...context.getImageData(3, 3, 1, 1).data.slice(0, 3)];
    },
  };
}

async function as(browser: Browser, user: string): Promise<Tab> {
  const tab = await browser.tab();
  await tab.before(open);
  await tab.goto(lab.site);
  await tab.evaluate((user) => eyes.press(`[data-account=${user}]`), user);
  return tab;
}

/** Calls `user` from their page in the chat. */
async function ring(tab: Tab, user: string, control: "voice" | "video"): Promise<void> {
  await tab.evaluate(() => eyes.press('.side-head > [title="New chat"]'));
  await tab.evaluate((user) => eyes.write("input[name=other]", user), user);
  await tab.evaluate(() => eyes.press("calling-dialog > button.primary"));
  await tab.evaluate((control) => eyes.press(`.actions > [data-control=${control}]`), control);
}

/** Firefox's fake microphone hums, Chromium's beeps; Chromium's fake camera is green. */
function isSound(hz: number): void {
  if (!(hz > 100 && hz < 5_000)) throw new Error(`heard ${hz} Hz`);
}
function isGreen([red = 0, green = 0, blue = 0]: number[]): void {
  if (green <= red || green <= blue) throw new Error(`saw rgb(${red} ${green} ${blue}), not green`);
}
function isColour(rgb: number[]): void {
  if (rgb.every((it) => it < 24)) throw new Error(`saw rgb(${rgb.join(" ")}), which is black`);
}

async function talk(caller: Browser, callee: Browser): Promise<void> {
  const row = `${caller.name} rings ${callee.name} | ${caller.version}, ${callee.version}`;
  const [alice, bob] = [await as(caller, "alice"), await as(callee, "bob")];
  const sight = (of: Browser) => (rgb: number[]) => (of.name === "Chromium" ? isGreen(rgb) : isColour(rgb));
  try {
    for (const control of ["voice", "video"] as const) {
      await ring(alice, "bob", control);
      await bob.evaluate(() => eyes.press("calling-window > [data-control=accept]"));
      const cells = [
        sheet.cell(`${row} | caller hears and sees`, control, async () => isSound(await alice.evaluate(() => eyes.hears()))),
        sheet.cell(`${row} | callee hears and sees`, control, async () => isSound(await bob.evaluate(() => eyes.hears()))),
      ];
      if (control === "video") {
        cells.push(
          sheet.cell(`${row} | caller hears and sees`, "picture", async () => sight(callee)(await alice.evaluate(() => eyes.sees()))),
          sheet.cell(`${row} | callee hears and sees`, "picture", async () => sight(caller)(await bob.evaluate(() => eyes.sees()))),
        );
      }
      const failed = (await Promise.allSettled(cells)).find((it) => it.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      await alice.evaluate(() => eyes.press("calling-window > [data-control=hang-up]"));
      for (const tab of [alice, bob]) await tab.evaluate(() => eyes.over());
    }
  } finally {
    await alice.close();
    await bob.close();
  }
}

if (typeof firefox === "string") {
  sheet.skip("Firefox and Chromium | ? | caller hears and sees", "voice", `not run: ${firefox}`);
  test.skip("Firefox");
} else {
  test("Firefox rings Chromium", () => talk(firefox, chromium));
  test("Chromium rings Firefox", () => talk(chromium, firefox));
}
