import type { SocketLike } from "../../../src/sdk/link.js";

interface Asked {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

/** The server's end of a socket. */
export class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly asked: Asked[] = [];
  closed = false;

  send(text: string): void {
    this.asked.push(JSON.parse(text) as Asked);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.();
  }

  /** The connection is cut, or closed by the server. */
  cut(code = 1006, reason = ""): void {
    this.onclose?.({ code, reason });
  }

  say(frame: object | string): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  /** The last request of `method`. */
  request(method: string): Asked {
    const asked = this.asked.findLast((it) => it.method === method);
    if (asked === undefined) throw new Error(`nobody asked for ${method}`);
    return asked;
  }

  has(method: string): boolean {
    return this.asked.some((it) => it.method === method);
  }

  answer(method: string, result: object): void {
    this.say({ id: this.request(method).id, result });
  }

  refuse(method: string, code: number, message = "no"): void {
    this.say({ id: this.request(method).id, error: { code, message } });
  }

  event(event: string, params: object, seq?: number): void {
    this.say({ event, params, ...(seq !== undefined && { seq }) });
  }
}
