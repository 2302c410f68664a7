import type { NamedServers } from "./wire.js";

/** What keeping servers fresh needs. */
export interface IceServersHost {
  /** `get_ice_servers`. */
  ask(): Promise<NamedServers>;
  /** There are others now, or others' credentials. */
  named(servers: NonNullable<NamedServers["ice_servers"]>): void;
  debug(message: string): void;
}

/** How long after an answer that did not come it is asked again, in milliseconds. */
const RETRY_MS = 60_000;

/**
 * The STUN and TURN servers that the server names. Their credentials may expire: fresh ones are
 * asked for with a quarter of their time left, since what begins meanwhile has that long.
 */
export class IceServers {
  readonly #host: IceServersHost;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: IceServersHost) {
    this.#host = host;
  }

  /** The server told them, at sign-in or because it was asked. */
  told({ ice_servers: servers = [], ice_expire_s: expire }: NamedServers): void {
    this.stop();
    this.#host.named(servers);
    if (expire !== undefined) this.#askIn(expire * 750);
  }

  /** Nobody is signed in any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #askIn(ms: number): void {
    const timer: ReturnType<typeof setTimeout> = setTimeout(() => void this.#ask(timer), ms);
    this.#timer = timer;
  }

  async #ask(timer: ReturnType<typeof setTimeout>): Promise<void> {
    try {
      const told = await this.#host.ask();
      // Signed in anew or out meanwhile.
      if (timer === this.#timer) this.told(told);
    } catch (error) {
      this.#host.debug(`no fresh ICE servers: ${String(error)}`);
      if (timer === this.#timer) this.#askIn(RETRY_MS);
    }
  }
}
