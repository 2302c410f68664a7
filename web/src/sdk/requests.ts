import { CallingError, ErrorCode } from "./errors.js";

/** How a request is treated. */
export interface AskOptions {
  /** Ask again on the next connection if this one is lost: for what does no harm twice. */
  readonly retry?: boolean;
}

interface Request {
  readonly id: number;
  readonly text: string;
  readonly retry: boolean;
  /** Belongs to signing in: goes out before all others, and is not repeated. */
  readonly first: boolean;
  sent: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
  readonly resolve: (result: Record<string, unknown>) => void;
  readonly reject: (error: CallingError) => void;
}

/** More unanswered requests than this are refused: somebody asks in a loop. */
const MOST = 256;

/** Requests without an answer, in the order in which they were asked. */
export class Requests {
  readonly #waiting = new Map<number, Request>();
  #lastId = 0;

  /** Notes a request; `late` is called if the server was asked and does not answer in time. */
  add(
    method: string,
    params: object,
    patienceMs: number,
    options: AskOptions & { readonly first?: boolean },
    late: () => void,
  ): Promise<Record<string, unknown>> {
    if (this.#waiting.size >= MOST) {
      const sentence = "too many requests wait for an answer; wait for some of them";
      return Promise.reject(new CallingError(ErrorCode.rateLimited, sentence));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#late(id, method, late), patienceMs);
      const text = JSON.stringify({ id, method, params });
      const { retry = false, first = false } = options;
      this.#waiting.set(id, { id, text, retry, first, sent: false, timer, resolve, reject });
    });
  }

  /** Frames to send now. */
  takeUnsent(): string[] {
    return this.#take(false);
  }

  /** The same of those that belong to signing in. */
  takeFirst(): string[] {
    return this.#take(true);
  }

  answer(id: number, result: Record<string, unknown>): void {
    this.#remove(id)?.resolve(result);
  }

  fail(id: number, error: CallingError): void {
    this.#remove(id)?.reject(error);
  }

  /** What was sent is lost with its connection, except what is to be asked again. */
  connectionLost(error: CallingError): void {
    for (const request of [...this.#waiting.values()]) {
      if (request.retry) request.sent = false;
      else if (request.sent) this.fail(request.id, error);
    }
  }

  failAll(error: CallingError): void {
    for (const id of [...this.#waiting.keys()]) this.fail(id, error);
  }

  #take(first: boolean): string[] {
    const due = [...this.#waiting.values()].filter((it) => !it.sent && it.first === first);
    for (const request of due) request.sent = true;
    return due.map((request) => request.text);
  }

  #late(id: number, method: string, late: () => void): void {
    const request = this.#remove(id);
    if (request === undefined) return;
    const sentence = request.sent
      ? `the server did not answer "${method}" in time`
      : `there was no connection to the server to ask for "${method}"`;
    request.reject(new CallingError(ErrorCode.signallingFailed, sentence));
    if (request.sent) late();
  }

  #remove(id: number): Request | undefined {
    const request = this.#waiting.get(id);
    if (request === undefined) return undefined;
    clearTimeout(request.timer);
    this.#waiting.delete(id);
    return request;
  }
}
