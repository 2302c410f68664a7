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

/** Codecs change so long after people met, at the latest. */
const SETTLED_MS = 8_000;

/** The page sees the colour of `user`, decoded from `codec`. */
export async function sees(tab: Tab, user: string, look: Look, codec?: string): Promise<Received> {
  const rgb = await tab.evaluate((user) => peer.sees(user), user);
  if (!isLike(rgb, look.rgb)) throw new Error(`saw rgb(${rgb.join(" ")}), not ${look.css}`);
  // While it rings pictures are agreed on in what every client can show; a second later in the best.
  const until = Date.now() + SETTLED_MS;
  for (;;) {
    const now = await tab.evaluate((user) => peer.received(user, "video"), user);
    if (now !== undefined && (codec === undefined || now.codec === `video/${codec}`)) return now;
    if (Date.now() > until) throw new Error(`came as ${now?.codec ?? "nothing with statistics"}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A decoder outside of a page saw this (Y, U, V). */
export function saw(yuv: readonly number[], look: Look): void {
  if (!isLike(yuv, look.yuv)) throw new Error(`saw yuv(${yuv.join(" ")}), not yuv(${look.yuv.join(" ")})`);
}

/** One second of the tone of `look`, as a WAV file. */
export function toneFile({ hz }: Look): Buffer {
  const samples = Int16Array.from({ length: 48_000 }, (_, at) => 12_000 * Math.sin((2 * Math.PI * hz * at) / 48_000));
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  // PCM, one channel of 16 bits.
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]] as const) header.writeUInt16LE(value, at);
  header.writeUInt32LE(48_000, 24);
  header.writeUInt32LE(96_000, 28);
  header.write("data", 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}

/** One second of the colour of `look`, as a Y4M file. */
export function colourFile({ yuv }: Look): Buffer {
  const planes = yuv.map((value, at) => Buffer.alloc(at === 0 ? 320 * 240 : 160 * 120, value));
  const frame = Buffer.concat([Buffer.from("FRAME\n"), ...planes]);
  const head = Buffer.from("YUV4MPEG2 W320 H240 F15:1 Ip A1:1 C420\n");
  return Buffer.concat([head, ...Array<Buffer>(15).fill(frame)]);
}

/** Of a Y4M file: how many pictures it has, and the colour in the middle of the last. */
export function picturesOf(y4m: string): { frames: number; yuv: number[] } {
  const bytes = readFileSync(y4m);
  const end = bytes.indexOf("\n") + 1;
  const head = bytes.subarray(0, end).toString();
  const [width = 0, height = 0] = [/ W(\d+)/, / H(\d+)/].map((it) => Number(it.exec(head)?.[1]));
  const quarter = Math.ceil(width / 2) * Math.ceil(height / 2);
  const [luma, size] = [width * height, width * height + 2 * quarter];
  const frames = Math.floor((bytes.length - end) / (size + "FRAME\n".length));
  const last = bytes.subarray(bytes.length - size);
  const row = Math.floor(height / 2) * width + Math.floor(width / 2);
  const chroma = Math.floor(height / 4) * Math.ceil(width / 2) + Math.floor(width / 4);
  return { frames, yuv: [row, luma + chroma, luma + quarter + chroma].map((at) => last[at] ?? 0) };
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
