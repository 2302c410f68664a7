/** What the two sides send, and whether it is what the other one got. */
import { readFileSync } from "node:fs";
import type { Tab } from "./browsers.js";
import type { Received } from "./page.js";

/** A side's tone, and its picture: as CSS, and as decoders give it (BT.601, studio range). */
export interface Look {
  readonly hz: number;
  readonly css: string;
  readonly rgb: readonly [number, number, number];
  readonly yuv: readonly [number, number, number];
}

export const REFERENCE: Look = {
  hz: 525,
  css: "rgb(0 160 0)",
  rgb: [0, 160, 0],
  yuv: [97, 81, 69],
};
/** As the tools of crates/calling/tests/interop send it. */
export const PEER: Look = { hz: 700, css: "rgb(0 0 255)", rgb: [0, 0, 255], yuv: [41, 240, 110] };

/** Conversions between colour spaces differ among engines, and encoding costs a little. */
const COLOUR_SLACK = 40;
/** One and a half bins of the page's spectrum. */
const TONE_SLACK_HZ = 9;

function isLike(is: readonly number[], wanted: readonly number[]): boolean {
  return is.length === wanted.length && is.every((it, at) => Math.abs(it - wanted[at]!) <= COLOUR_SLACK);
}

/** The page hears the tone of `user`, in packets that keep coming; how it was heard. */
export async function hears(tab: Tab, user: string, look: Look): Promise<Received> {
  const hz = await tab.evaluate((user) => peer.hears(user), user);
  if (Math.abs(hz - look.hz) > TONE_SLACK_HZ) throw new Error(`heard ${hz.toFixed(0)} Hz, not ${look.hz} Hz`);
  return tab.evaluate((user) => peer.flows(user, 50), user);
}

/** The page sees the colour of `user`, decoded from `codec`. */
export async function sees(tab: Tab, user: string, look: Look, codec?: string): Promise<Received> {
  const rgb = await tab.evaluate((user) => peer.sees(user), user);
  if (!isLike(rgb, look.rgb)) throw new Error(`saw rgb(${rgb.join(" ")}), not ${look.css}`);
  const now = await tab.evaluate((user) => peer.received(user, "video"), user);
  if (now === undefined) throw new Error("no statistics of the picture");
  if (codec !== undefined && now.codec !== `video/${codec}`) throw new Error(`came as ${now.codec}`);
  return now;
}

/** A decoder outside of a page saw this (Y, U, V). */
export function saw(yuv: readonly number[], look: Look): void {
  if (!isLike(yuv, look.yuv)) throw new Error(`saw yuv(${yuv.join(" ")}), not yuv(${look.yuv.join(" ")})`);
}

/** What there is of a recording while it is made: samples of one channel at 48 kHz. */
export function samplesOf(wav: string): Int16Array {
  const bytes = readFileSync(wav).subarray(44);
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
}

/** How strong `hz` is in 100 ms of sound (Goertzel), 1 for full scale. */
function strength(samples: Int16Array, hz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / 48_000);
  let [before, last] = [0, 0];
  for (const sample of samples) [before, last] = [last, sample / 32_768 + turn * last - before];
  const power = before * before + last * last - turn * before * last;
  return (2 * Math.sqrt(Math.max(0, power))) / samples.length;
}

/** Whether a tenth of a second of a recording has the tone of `look`, and stands out from the other's. */
export function hasTone(samples: Int16Array, look: Look): boolean {
  const other = look === PEER ? REFERENCE : PEER;
  for (let at = 0; at + 4_800 <= samples.length; at += 4_800) {
    const part = samples.subarray(at, at + 4_800);
    const wanted = strength(part, look.hz);
    if (wanted > 0.05 && strength(part, other.hz) < wanted / 10) return true;
  }
  return false;
}
