/** A native phone, `calling call` or `calling answer`, and the files it plays and records. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { World } from "./world.js";

/** Luma, blue and red. */
export type Colour = [y: number, u: number, v: number];

/** Red, green, blue and yellow (ITU-R BT.601): one for each quarter of the known picture. */
export const QUARTERS: Colour[] = [[81, 90, 240], [145, 54, 34], [41, 240, 110], [210, 16, 146]];
/** The same in RGB. */
export const QUARTERS_RGB = [[254, 0, 0], [0, 255, 1], [0, 0, 255], [254, 255, 0]];
/** Pictures in which the bar between the upper and the lower quarters crosses. */
const CROSSING = 20;
const RATE = 48_000;

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly planes: Uint8Array[];
}

/** A native phone that runs. */
export class NativePhone {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #said = "";
  #complained = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on("data", (chunk: Buffer) => (this.#said += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.#complained += chunk.toString()));
    this.#ended = new Promise((ended) => child.once("exit", ended));
  }

  /** Starts `calling <args>` as `user`, at the server of `world`. */
  static start(world: World, user: string, args: readonly string[]): NativePhone {
    const who = ["--as", user, "--user-sig", world.userSig(user)];
    const where = ["--server", `ws://${world.network.http}`];
    const all = [...args, ...who, ...where, "--no-ui", "--json"];
    return new NativePhone(spawn(world.program, all, { stdio: ["ignore", "pipe", "pipe"] }));
  }

  /** Waits until it says `wanted` to people. */
  async says(wanted: string): Promise<void> {
    await until(() => this.#complained.includes(wanted), () => `${wanted}: ${this.#complained}`);
  }

  /** Waits for its end, and gives what it reports. */
  async report(): Promise<Record<string, unknown>> {
    const code = await this.#ended;
    if (code !== 0) throw new Error(`it ended with ${String(code)}: ${this.#complained}`);
    return JSON.parse(this.#said) as Record<string, unknown>;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

/** Writes a tone of `hz` that rests for a quarter of each second, so that nobody takes it for noise. */
export function writeTone(path: string, hz: number, seconds = 4): void {
  const samples = Buffer.alloc(RATE * seconds * 2);
  for (let at = 0; at < RATE * seconds; at += 1) {
    const loud = at % RATE < 0.75 * RATE ? 0.5 : 0;
    samples.writeInt16LE(Math.round(32_767 * loud * Math.sin((2 * Math.PI * hz * at) / RATE)), at * 2);
  }
  const head = Buffer.alloc(44);
  head.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.writeUInt32LE(16, 16);
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]] as const) head.writeUInt16LE(value, at);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(samples.length, 40);
  writeFileSync(path, Buffer.concat([head, samples]));
}

/** How strong `hz` is in the loudest tenth of a second of a recording: the amplitude, 0 to 1. */
export function loudest(path: string, hz: number): number {
  const bytes = readFileSync(path);
  const from = bytes.indexOf("data", 12, "latin1") + 8;
  const floats = bytes.readUInt16LE(20) !== 1;
  const width = bytes.readUInt16LE(34) / 8;
  const count = Math.floor((bytes.length - from) / width);
  const at = (index: number): number =>
    floats ? bytes.readFloatLE(from + index * 4) : bytes.readInt16LE(from + index * 2) / 32_768;
  const block = RATE / 10;
  let best = 0;
  for (let start = 0; start + block <= count; start += block) {
    let [cosine, sine] = [0, 0];
    for (let index = start; index < start + block; index += 1) {
      const angle = (2 * Math.PI * hz * index) / RATE;
      cosine += at(index) * Math.cos(angle);
      sine += at(index) * Math.sin(angle);
    }
    best = Math.max(best, (2 * Math.hypot(cosine, sine)) / block);
  }
  return best;
}

/** The known picture: four quarters of one colour each, and a bar that travels between them. */
export function known(width: number, height: number, number: number): Picture {
  const bar = Math.floor(((number % CROSSING) * width) / CROSSING);
  const planes = [0, 1, 2].map((plane) => {
    const [columns, lines] = sizeOf(plane, width, height);
    const data = new Uint8Array(columns * lines);
    for (let y = 0; y < lines; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const quarter = (x < columns / 2 ? 0 : 1) + (y < lines / 2 ? 0 : 2);
        const [left, right] = [bar / (width / columns), (bar + width / 16) / (width / columns)];
        const inBar = Math.abs(y - lines / 2) < lines / 8 && x >= left && x < right;
        data[y * columns + x] = inBar ? (plane === 0 ? 235 : 128) : QUARTERS[quarter]![plane]!;
      }
    }
    return data;
  });
  return { width, height, planes };
}

export function writeKnown(path: string, width: number, height: number, rate: number): void {
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${rate}:1 Ip A1:1 C420jpeg\n`)];
  for (let number = 0; number < CROSSING; number += 1) {
    parts.push(Buffer.from("FRAME\n"), ...known(width, height, number).planes.map((it) => Buffer.from(it)));
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** The pictures of a Y4M file. */
export function readPictures(path: string): Picture[] {
  const bytes = readFileSync(path);
  const end = bytes.indexOf("\n");
  const head = bytes.toString("latin1", 0, end);
  const number = (letter: string): number => Number(new RegExp(` ${letter}(\\d+)`).exec(head)?.[1]);
  const [width, height] = [number("W"), number("H")];
  const sizes = [0, 1, 2].map((plane) => sizeOf(plane, width, height)).map(([columns, lines]) => columns * lines);
  const pictures: Picture[] = [];
  const whole = 6 + sizes.reduce((sum, it) => sum + it, 0);
  for (let at = end + 1; at + whole <= bytes.length; at += whole) {
    let from = at + 6;
    const planes = sizes.map((size) => bytes.subarray(from, (from += size)));
    pictures.push({ width, height, planes });
  }
  return pictures;
}

/** Waits until a recording holds more than `count` bytes. */
export async function grows(path: string, count: number): Promise<void> {
  const size = (): number => (existsSync(path) ? statSync(path).size : 0);
  await until(() => size() > count, () => `${path}: ${size()} of ${count} bytes`);
}

/** The parts of the quarters that the bar never touches: shares of the sides, from and to. */
export const INSIDE = [[0.05, 0.05], [0.55, 0.05], [0.05, 0.65], [0.55, 0.65]]
  .map(([x = 0, y = 0]) => ({ x, y, width: 0.4, height: 0.3 }));

/** The mean colour of each quarter of a picture. */
export function colours({ width, height, planes }: Picture): Colour[] {
  return INSIDE.map((part) =>
    planes.map((plane, index) => {
      const [columns, lines] = sizeOf(index, width, height);
      return mean(cells(part, columns, lines).map((at) => plane[at]!));
    }) as Colour,
  );
}

/** How much luma differs from the known picture, without the bar: decibels, more is better. */
export function psnr({ width, height, planes }: Picture): number {
  const [luma] = known(width, height, 0).planes;
  const at = INSIDE.flatMap((part) => cells(part, width, height));
  const error = mean(at.map((index) => (planes[0]![index]! - luma![index]!) ** 2));
  return 10 * Math.log10(255 ** 2 / Math.max(error, 0.01));
}

/** Where the bar is: the brightest column of the middle line, as a share of the width. */
export function barAt({ width, height, planes }: Picture): number {
  // The line just above the middle lies in the darker quarters.
  const from = Math.floor(height * 0.45) * width;
  const line = planes[0]!.subarray(from, from + width);
  return line.indexOf(Math.max(...line)) / width;
}

/** The largest difference between two lists of colours. */
export function off(are: readonly (readonly number[])[], were: readonly (readonly number[])[]): number {
  return Math.max(...are.flatMap((it, quarter) => it.map((value, at) => Math.abs(value - were[quarter]![at]!))));
}

/** Columns and lines of a plane of I420. */
function sizeOf(plane: number, width: number, height: number): [columns: number, lines: number] {
  return plane === 0 ? [width, height] : [Math.ceil(width / 2), Math.ceil(height / 2)];
}

function cells(part: (typeof INSIDE)[number], columns: number, lines: number): number[] {
  const found: number[] = [];
  for (let y = Math.ceil(part.y * lines); y < (part.y + part.height) * lines; y += 1) {
    for (let x = Math.ceil(part.x * columns); x < (part.x + part.width) * columns; x += 1) {
      found.push(y * columns + x);
    }
  }
  return found;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, it) => sum + it, 0) / values.length;
}

async function until(condition: () => boolean, what: () => string): Promise<void> {
  const giveUp = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > giveUp) throw new Error(`never: ${what()}`);
    await new Promise((soon) => setTimeout(soon, 20));
  }
}
