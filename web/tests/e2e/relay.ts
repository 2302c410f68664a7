/** A network between browsers and server: it takes time, and it may be gone. */
import dgram from "node:dgram";
import net from "node:net";

/** Which way a datagram goes: from a browser or to one. */
export type Way = "up" | "down";

export class Relay {
  /** One way, in milliseconds. */
  delayMs = 0;
  /** Sees each datagram as it comes here; `browser` is the port of the browser's end. */
  tap: ((packet: Buffer, way: Way, browser: number) => void) | undefined;
  /** Whether nothing passes, in either direction. */
  isGone = false;
  readonly #tcp: net.Server;
  readonly #udp = dgram.createSocket("udp4");
  /** A socket towards the server for each of a browser. */
  readonly #ways = new Map<string, dgram.Socket>();
  readonly #streams = new Set<net.Socket>();
  #mediaPort = 0;

  private constructor(http: string) {
    const [host = "", port = ""] = http.split(":");
    this.#tcp = net.createServer((near) => {
      const far = net.connect(Number(port), host);
      this.#pipe(near, far);
      this.#pipe(far, near);
    });
    this.#udp.on("message", (packet, from) => {
      this.tap?.(packet, "up", from.port);
      this.#later(() => this.#wayOf(from).send(packet, this.#mediaPort, "127.0.0.1"));
    });
  }

  /** Between browsers and the server at `http`, whose media port is `mediaPort`. */
  static async start(http: string, mediaPort: number): Promise<Relay> {
    const relay = new Relay(http);
    relay.#mediaPort = mediaPort;
    await new Promise<void>((ready) => relay.#tcp.listen(0, "127.0.0.1", ready));
    await new Promise<void>((ready) => relay.#udp.bind(0, "127.0.0.1", ready));
    return relay;
  }

  get http(): string {
    return `127.0.0.1:${(this.#tcp.address() as net.AddressInfo).port}`;
  }

  get mediaPort(): number {
    return this.#udp.address().port;
  }

  /** Cuts what is open, as a change of networks does. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  stop(): void {
    this.cut();
    this.#tcp.close();
    this.#udp.close();
    for (const way of this.#ways.values()) way.close();
  }

  #wayOf({ address, port }: dgram.RemoteInfo): dgram.Socket {
    const key = `${address} ${port}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    const way = dgram.createSocket("udp4");
    way.on("message", (packet) => {
      this.tap?.(packet, "down", port);
      this.#later(() => this.#udp.send(packet, port, address));
    });
    this.#ways.set(key, way);
    return way;
  }

  #pipe(from: net.Socket, to: net.Socket): void {
    this.#streams.add(from);
    from.setNoDelay(true);
    from.on("data", (data) => {
      // A stream that meets a gap is not mended here: what is lost stays lost.
      this.#later(() => to.write(data));
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#streams.delete(from);
      // After what is still under way.
      setTimeout(() => to.destroy(), this.delayMs);
    });
  }

  /** After the way, if there is one. */
  #later(arrive: () => void): void {
    if (this.isGone) return;
    if (this.delayMs === 0) arrive();
    else setTimeout(() => !this.isGone && arrive(), this.delayMs);
  }
}
