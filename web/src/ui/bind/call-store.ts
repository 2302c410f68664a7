import type { CallingApi, CallingEvent, CallingEvents, CallState } from "../../sdk/index.js";
import { IDLE, reduce, type CallView, type ViewEvent } from "../model/call.js";

/** Holds what the window shows, and keeps it in step with the SDK. */
export class CallStore {
  #view: CallView = IDLE;
  readonly #off: (() => void)[] = [];

  constructor(
    private readonly api: CallingApi,
    private readonly changed: (view: CallView, before: CallView) => void,
  ) {
    this.#listen();
    this.dispatch({ type: "state", state: api.state });
  }

  /** What is shown. */
  get view(): CallView {
    return this.#view;
  }

  /** Something happened. */
  dispatch(event: ViewEvent): void {
    const before = this.#view;
    this.#view = reduce(before, event);
    if (this.#view !== before) this.changed(this.#view, before);
  }

  /** Hears no more. */
  close(): void {
    for (const off of this.#off.splice(0)) off();
  }

  #on<E extends CallingEvent>(name: E, event: (told: CallingEvents[E]) => ViewEvent): void {
    this.#off.push(this.api.on(name, (told) => this.dispatch(event(told))));
  }

  #listen(): void {
    // What happened to the last call of this device, for events that do not tell it.
    let last: CallState | undefined = this.api.state.call;
    this.#off.push(
      this.api.on("stateChanged", (state) => {
        last = state.call ?? last;
        this.dispatch({ type: "state", state });
      }),
    );
    this.#on("ended", ({ call, outcome, by, durationMs }) => ({
      type: "ended",
      call,
      outcome,
      durationMs,
      ...(by !== undefined && { by }),
    }));
    const without = (
      outcome: "cancelled" | "no_answer",
      by?: string,
      elsewhere?: boolean,
    ): void => {
      if (last === undefined) return;
      const more = {
        ...(by !== undefined && { by }),
        ...(elsewhere !== undefined && { elsewhere }),
      };
      this.dispatch({ type: "ended", call: last, outcome, durationMs: 0, ...more });
    };
    this.#off.push(
      this.api.on("cancelled", ({ user }) => without("cancelled", user)),
      this.api.on("timedOut", () => without("no_answer")),
      this.api.on("handledElsewhere", ({ accepted }) => without("cancelled", undefined, accepted)),
    );
    this.#listenToPeople();
  }

  #listenToPeople(): void {
    this.#on("rejected", ({ user }) => ({ type: "rejected", user }));
    this.#on("lineBusy", ({ user }) => ({ type: "busy", user }));
    this.#on("noResponse", ({ user }) => ({ type: "noResponse", user }));
    this.#on("joined", ({ user }) => ({ type: "joined", user }));
    this.#on("memberLeft", ({ user, reason }) => ({ type: "left", user, lost: reason === 1 }));
    this.#on("inviteesChanged", ({ by, invited }) => ({ type: "invited", by, users: invited }));
    this.#on("mediaTypeChanged", ({ by, new: to }) => ({
      type: "switched",
      to,
      ...(by !== undefined && { by }),
    }));
    this.#on("deviceProblem", (problem) => ({ type: "problem", problem }));
    this.#on("error", ({ message }) => ({ type: "error", message }));
  }
}
