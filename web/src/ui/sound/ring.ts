/** What sounds: at the callee, at the caller, when it is over. */
export type Melody = "incoming" | "outgoing" | "ended";

/** A tone; times in seconds from the start of the melody. */
export interface Note {
  readonly at: number;
  readonly hz: number;
  readonly lasts: number;
}

interface Score {
  readonly notes: readonly Note[];
  /** After so many seconds it starts again; absent: it sounds once. */
  readonly every?: number;
  readonly gain: number;
}

const note = (at: number, hz: number, lasts: number): Note => ({ at, hz, lasts });

/** A rising fourth and third, twice: heard across a room, and no alarm. */
const SCORES: Readonly<Record<Melody, Score>> = {
  incoming: {
    notes: [
      note(0, 587.33, 0.22),
      note(0.18, 783.99, 0.22),
      note(0.36, 987.77, 0.42),
      note(0.9, 587.33, 0.22),
      note(1.08, 783.99, 0.22),
      note(1.26, 987.77, 0.42),
    ],
    every: 3,
    gain: 0.16,
  },
  outgoing: { notes: [note(0, 440, 0.9)], every: 4, gain: 0.06 },
  ended: { notes: [note(0, 493.88, 0.12), note(0.14, 392, 0.2)], gain: 0.08 },
};

/** The notes that begin in `from <= t < to`, in seconds since the melody began. */
export function notesBetween(melody: Melody, from: number, to: number): readonly Note[] {
  const { notes, every } = SCORES[melody];
  if (every === undefined) return notes.filter((it) => it.at >= from && it.at < to);
  const found: Note[] = [];
  for (let round = Math.max(0, Math.floor(from / every) - 1); round * every < to; round += 1) {
    const shifted = notes.map((it) => ({ ...it, at: it.at + round * every }));
    found.push(...shifted.filter((it) => it.at >= from && it.at < to));
  }
  return found;
}

const AHEAD_S = 0.6;
const TICK_MS = 250;

/** Plays melodies by Web Audio; without a sound device, or before the first click, silence. */
export class Ringer {
  #context: AudioContext | undefined;
  #out: GainNode | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #playing: Melody | undefined;

  /** What sounds. */
  get playing(): Melody | undefined {
    return this.#playing;
  }

  /** Plays `melody` from its start, unless it plays already; `undefined` for silence. */
  play(melody: Melody | undefined): void {
    if (melody === this.#playing) return;
    this.#silence();
    this.#playing = melody;
    if (melody === undefined) return;
    try {
      this.#start(melody);
    } catch {
      // No sound device: whoever looks sees it ring.
    }
  }

  #start(melody: Melody): void {
    this.#context ??= new AudioContext();
    const context = this.#context;
    void context.resume().catch(() => undefined);
    const out = new GainNode(context, { gain: SCORES[melody].gain });
    out.connect(context.destination);
    this.#out = out;
    const began = context.currentTime + 0.05;
    let planned = 0;
    const plan = (): void => {
      const until = context.currentTime - began + AHEAD_S;
      if (until <= planned) return;
      for (const it of notesBetween(melody, planned, until)) sound(context, out, it, began);
      planned = until;
    };
    plan();
    if (SCORES[melody].every !== undefined) this.#timer = setInterval(plan, TICK_MS);
  }

  #silence(): void {
    clearInterval(this.#timer);
    const out = this.#out;
    this.#out = undefined;
    if (out === undefined) return;
    const { context } = out;
    out.gain.setTargetAtTime(0, context.currentTime, 0.02);
    setTimeout(() => out.disconnect(), 200);
  }
}

function sound(context: AudioContext, out: GainNode, { at, hz, lasts }: Note, began: number): void {
  const start = Math.max(began + at, context.currentTime);
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(1, start + 0.015);
  gain.gain.exponentialRampToValueAtTime(0.001, start + lasts);
  gain.connect(out);
  // A soft bell: the tone and a quieter one two octaves above.
  for (const [times, loud] of [
    [1, 1],
    [4, 0.12],
  ] as const) {
    const tone = new OscillatorNode(context, { frequency: hz * times });
    const part = new GainNode(context, { gain: loud });
    tone.connect(part).connect(gain);
    tone.start(start);
    tone.stop(start + lasts + 0.05);
  }
}
