/** The first wait, in milliseconds. */
const FIRST_MS = 50;
const MOST_MS = 5_000;
/** During a call there is little time: a server keeps it for five seconds. */
const MOST_IN_CALL_MS = 500;

/**
 * Growing waits between attempts, spread so that the clients of a server that restarts do not all
 * come back at once.
 */
export class Backoff {
  #nextMs = FIRST_MS;

  /** How long to wait before the next attempt, in milliseconds; `die` is 0..1. */
  take(inCall: boolean, die: number): number {
    const most = inCall ? MOST_IN_CALL_MS : MOST_MS;
    const wait = Math.min(this.#nextMs, most) * (0.5 + die);
    this.#nextMs = Math.min(this.#nextMs * 2, most);
    return wait;
  }

  reset(): void {
    this.#nextMs = FIRST_MS;
  }
}
