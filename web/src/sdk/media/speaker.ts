import { DeviceError } from "../errors.js";
import type { UserId } from "../types.js";
import { deviceError, problem } from "./problems.js";

/** Plays everybody's sound, each in an element of its own that is on no page. */
export class Speaker {
  readonly #players = new Map<UserId, HTMLAudioElement>();
  readonly #blocked: (blocked: boolean) => void;
  #sink: string | undefined;
  #volume = 1;
  #rings = false;

  /** `blocked` hears that the browser wants a click before it plays, and that it plays again. */
  constructor(blocked: (blocked: boolean) => void) {
    this.#blocked = blocked;
  }

  /**
   * While it rings players run already, so that the first sound finds them running. That the
   * browser holds them back is of interest once there is something to hear.
   */
  ring(rings: boolean): void {
    const answered = this.#rings && !rings;
    this.#rings = rings;
    if (answered) void this.resume();
  }

  /** Plays `track` for `user` in place of what was played for them before. */
  play(user: UserId, track: MediaStreamTrack): void {
    const known = this.#players.get(user);
    const player = known ?? new Audio();
    this.#players.set(user, player);
    player.srcObject = new MediaStream([track]);
    player.volume = this.#volume;
    if (known === undefined && this.#sink !== undefined) void this.#route(player, this.#sink);
    void this.#start(player);
  }

  stop(user: UserId): void {
    const player = this.#players.get(user);
    this.#players.delete(user);
    if (player === undefined) return;
    player.pause();
    player.srcObject = null;
  }

  stopAll(): void {
    for (const user of [...this.#players.keys()]) this.stop(user);
  }

  /** 0..1. */
  setVolume(volume: number): void {
    this.#volume = Math.min(1, Math.max(0, volume));
    for (const player of this.#players.values()) player.volume = this.#volume;
  }

  /** Plays through another loudspeaker, now and from now on. */
  async select(deviceId: string): Promise<void> {
    if (!("setSinkId" in HTMLMediaElement.prototype)) {
      throw new DeviceError(problem("speaker", "unsupported"));
    }
    // Tried on one that is silent, so that a wrong id harms nobody.
    await this.#route(new Audio(), deviceId);
    this.#sink = deviceId;
    await Promise.all([...this.#players.values()].map((it) => this.#route(it, deviceId)));
  }

  /** To be called from a click: plays what the browser held back. */
  async resume(): Promise<void> {
    await Promise.all([...this.#players.values()].map((player) => this.#start(player)));
  }

  async #route(player: HTMLAudioElement, deviceId: string): Promise<void> {
    try {
      await player.setSinkId(deviceId);
    } catch (error) {
      throw deviceError("speaker", error);
    }
  }

  async #start(player: HTMLAudioElement): Promise<void> {
    try {
      await player.play();
      this.#blocked(false);
    } catch (error) {
      // Anything else is a player that was stopped before it began.
      const isHeld = error instanceof DOMException && error.name === "NotAllowedError";
      if (isHeld && !this.#rings) this.#blocked(true);
    }
  }
}
