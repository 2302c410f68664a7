import { beforeEach, expect, test } from "vitest";
import { Capture, Withdrawn } from "../../../src/sdk/media/capture.js";
import type { Devices } from "../../../src/sdk/media/devices.js";
import type { DeviceProblem } from "../../../src/sdk/types.js";

class FakeTrack {
  enabled = true;
  stopped = false;
  contentHint = "";
  onended: (() => void) | null = null;

  stop(): void {
    this.stopped = true;
  }
}

let asked: { resolve: (track: FakeTrack) => void; reject: (error: Error) => void }[];
let changes: [string, boolean][];
let problems: DeviceProblem[];
let capture: Capture;

beforeEach(() => {
  [asked, changes, problems] = [[], [], []];
  const ask = (): Promise<FakeTrack> =>
    new Promise((resolve, reject) => asked.push({ resolve, reject }));
  const devices = { microphone: ask, camera: ask, screen: ask } as unknown as Devices;
  capture = new Capture(devices, {
    changed: (kind, track) => changes.push([kind, track !== undefined]),
    problem: (problem) => problems.push(problem),
  });
});

/** Opens `kind` with a device that says yes. */
async function opened(kind: "audio" | "camera" | "screen"): Promise<FakeTrack> {
  const opening = capture.open(kind);
  const track = new FakeTrack();
  asked.at(-1)?.resolve(track);
  await opening;
  return track;
}

test("a device is asked for once, whoever wants it", async () => {
  const both = Promise.all([capture.open("camera"), capture.open("camera")]);
  const track = new FakeTrack();
  asked[0]?.resolve(track);
  expect(await both).toEqual([track, track]);
  expect(await capture.open("camera")).toBe(track);
  expect([asked.length, changes]).toEqual([1, [["camera", true]]]);
});

test("what is granted after it was closed is given back", async () => {
  const opening = expect(capture.open("audio")).rejects.toBeInstanceOf(Withdrawn);
  capture.close("audio");
  const late = new FakeTrack();
  asked[0]?.resolve(late);
  await opening;
  expect([late.stopped, capture.isOpen("audio"), changes]).toEqual([true, false, []]);
});

test("another device takes the place of the one before, which goes on until then", async () => {
  const first = await opened("audio");
  const replacing = capture.replace("audio");
  expect(first.stopped).toBe(false);
  const second = new FakeTrack();
  asked.at(-1)?.resolve(second);
  await replacing;
  expect([first.stopped, capture.track("audio")]).toEqual([true, second]);
});

test("muted stays muted with another microphone, until all is closed", async () => {
  capture.setMuted(true);
  expect((await opened("audio")).enabled).toBe(false);
  capture.setMuted(false);
  expect(capture.track("audio")?.enabled).toBe(true);
  capture.setMuted(true);
  capture.closeAll();
  expect((await opened("audio")).enabled).toBe(true);
});

test("a device that is unplugged is replaced by another, or it is said", async () => {
  const first = await opened("audio");
  first.onended?.();
  const second = new FakeTrack();
  asked.at(-1)?.resolve(second);
  await Promise.resolve();
  await Promise.resolve();
  expect([capture.track("audio"), problems]).toEqual([second, []]);
  second.onended?.();
  asked.at(-1)?.reject(new Error("none"));
  await expect.poll(() => problems).toMatchObject([{ device: "microphone", reason: "unplugged" }]);
});

test("a screen that is no longer shared is simply closed", async () => {
  const screen = await opened("screen");
  expect(screen.contentHint).toBe("detail");
  screen.onended?.();
  expect([asked.length, changes.at(-1), problems]).toEqual([1, ["screen", false], []]);
});
