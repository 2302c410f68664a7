import type { CallingEvent, CallingEvents, Handler } from "./events.js";

/** One event with what it tells, as a value. */
export type Told = {
  [E in CallingEvent]: { readonly event: E; readonly told: CallingEvents[E] };
}[CallingEvent];

/** Typed listeners. A handler that throws keeps no other from being told. */
export class Emitter {
  readonly #handlers = new Map<CallingEvent, Set<(told: never) => void>>();
  readonly #failed: (error: unknown) => void;

  /** `failed` hears of handlers that threw. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  on<E extends CallingEvent>(event: E, handler: Handler<E>): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    handlers.add(handler);
    this.#handlers.set(event, handlers);
    return () => this.off(event, handler);
  }

  off<E extends CallingEvent>(event: E, handler: Handler<E>): void {
    this.#handlers.get(event)?.delete(handler);
  }

  emit({ event, told }: Told): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) {
      try {
        (handler as (told: unknown) => void)(told);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
