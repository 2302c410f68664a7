import { Backoff } from "./backoff.js";
import { CallingError, ErrorCode } from "./errors.js";
import { Requests, type AskOptions } from "./requests.js";
import { parseFrame, type SignedIn, type WireError, type WireEvent } from "./wire.js";

/** What of `WebSocket` is used, so that tests may bring their own. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** Who signs in, and for which application. */
export interface Credentials {
  readonly sdkAppId: number;
  readonly userId: string;
  readonly userSig: string;
  readonly deviceId: string;
}

/** What a link is told about, besides the answers to its requests. */
export interface LinkListener {
  /** Signed in. `resumed`: the session went on and nothing was missed. */
  up(resumed: boolean, terms: SignedIn): void;
  /** The connection is lost, and the link tries to get it back. */
  down(attempt: number, reason: string): void;
  /** It will not come back by itself. */
  over(why: { kicked: true } | { kicked: false; error: CallingError }): void;
  event(event: WireEvent): void;
  debug(message: string): void;
}

/** How long opening, signing in and answers may take, in milliseconds. */
const PATIENCE_MS = 10_000;
/** The same for the first attempt to reconnect during a call; each further one may take twice as long. */
const FIRST_PATIENCE_IN_CALL_MS = 2_000;
/** The same for a ping during a call, or after the page woke up. */
const SHORT_PATIENCE_MS = 6_000;
const PING_IN_CALL_MS = 5_000;

/** The server's own close codes that mean something here. */
const CLOSED_KICKED = 4003;
const CLOSED_SIGN_IN = 4002;

/** What no further attempt will change. */
const FATAL: ReadonlySet<number> = new Set([
  -2,
  ErrorCode.badParameter,
  ErrorCode.permissionDenied,
  ErrorCode.userNotFound,
  ErrorCode.userSigExpired,
  ErrorCode.userSigEmpty,
  ErrorCode.userSigMalformed,
  ErrorCode.userSigWrongKey,
  ErrorCode.userSigWrongUser,
  ErrorCode.userSigWrongApp,
  ErrorCode.tooManyFailures,
]);

/**
 * One device's connection to the server: opens it, signs in, keeps it alive, and after a loss
 * takes up the session where it was, so that each event is told exactly once.
 *
 * ```text
 *            open()            signed in
 *   closed ─────────▶ opening ───────────▶ up
 *     ▲                  ▲                  │ lost
 *     │ close(), fatal   └──── waiting ◀────┘
 * ```
 */
export class Link {
  readonly #url: string;
  readonly #listener: LinkListener;
  readonly #openSocket: (url: string) => SocketLike;
  readonly #requests = new Requests();
  readonly #backoff = new Backoff();
  #credentials: Credentials | undefined;
  #socket: SocketLike | undefined;
  #up = false;
  #everUp = false;
  #attempt = 0;
  #resumeToken: string | undefined;
  #lastEvent = 0;
  #inCall = false;
  #kicked = false;
  #pingEveryMs = 30_000;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #sentAt = 0;
  /** Ends the attempt to connect that is under way. */
  #gone: (error: CallingError) => void = () => undefined;

  constructor(url: string, listener: LinkListener, openSocket: (url: string) => SocketLike) {
    this.#url = url;
    this.#listener = listener;
    this.#openSocket = openSocket;
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** Connects and signs in, once; after that losses are repaired without being asked. */
  async open(credentials: Credentials): Promise<void> {
    this.#credentials = credentials;
    this.#kicked = false;
    try {
      await this.#connect();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Closes for good; what is unanswered fails. */
  close(): void {
    this.#credentials = undefined;
    this.#everUp = false;
    this.#resumeToken = undefined;
    this.#lastEvent = 0;
    clearTimeout(this.#retryTimer);
    this.#drop();
    this.#requests.failAll(new CallingError(ErrorCode.notInitialised, "signed out"));
  }

  /** During a call a loss is looked for more often, and repaired sooner. */
  setInCall(inCall: boolean): void {
    if (this.#inCall === inCall) return;
    this.#inCall = inCall;
    this.#schedulePing();
  }

  /** The page woke up, or the network changed: is the connection still there? */
  poke(): void {
    if (this.#credentials === undefined || !this.#everUp) return;
    if (this.#up) {
      this.#ping(SHORT_PATIENCE_MS);
    } else if (this.#socket === undefined) {
      clearTimeout(this.#retryTimer);
      this.#backoff.reset();
      void this.#retry("the page woke up");
    }
  }

  /**
   * Asks the server. While the connection is being repaired the request waits for it.
   *
   * @throws CallingError the server's, or `signallingFailed` if it was not answered in time.
   */
  ask<T = Record<string, unknown>>(
    method: string,
    params: object,
    options: AskOptions = {},
  ): Promise<T> {
    if (this.#credentials === undefined) {
      const sentence = "not signed in; call login() first";
      return Promise.reject(new CallingError(ErrorCode.notInitialised, sentence));
    }
    // Nothing is too slow to answer in ten seconds: the connection is dead.
    const answer = this.#requests.add(method, params, PATIENCE_MS, options, () =>
      this.#lost("a request was not answered"),
    );
    if (this.#up) this.#flush();
    return answer as Promise<T>;
  }

  /** Opens a socket and signs in on it. When this fails the socket is gone. */
  async #connect(): Promise<void> {
    const socket = this.#openSocket(this.#url);
    this.#socket = socket;
    const gone = new Promise<never>((_, fail) => {
      this.#gone = fail;
    });
    try {
      await Promise.race([this.#opened(socket), gone]);
      await Promise.race([this.#signIn(socket), gone]);
    } catch (error) {
      if (this.#socket === socket) this.#drop();
      throw error;
    }
  }

  #opened(socket: SocketLike): Promise<void> {
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(unreachable(this.#url)), this.#patienceMs());
      socket.onmessage = ({ data }) => this.#received(socket, data);
      socket.onclose = ({ code, reason }) => {
        clearTimeout(patience);
        if (this.#socket === socket) this.#closed(code, reason);
      };
      socket.onopen = () => {
        clearTimeout(patience);
        resolve();
      };
    });
  }

  async #signIn(socket: SocketLike): Promise<void> {
    const credentials = this.#credentials;
    if (credentials === undefined) throw new CallingError(ErrorCode.notInitialised, "signed out");
    await this.#askOn(socket, "hello", { versions: [1], agent: "calling-web 0.1.0" });
    const token = this.#resumeToken;
    // A token is good once.
    this.#resumeToken = undefined;
    if (token !== undefined) {
      try {
        const params = {
          token,
          device_id: credentials.deviceId,
          last_event: this.#lastEvent,
        };
        this.#signedIn(socket, true, await this.#askOn<SignedIn>(socket, "resume", params));
        return;
      } catch (error) {
        if (!(error instanceof CallingError) || error.code !== ErrorCode.sessionExpired) throw error;
      }
    }
    const terms = await this.#askOn<SignedIn>(socket, "sign_in", {
      sdk_app_id: credentials.sdkAppId,
      user_id: credentials.userId,
      user_sig: credentials.userSig,
      device_id: credentials.deviceId,
    });
    this.#lastEvent = 0;
    this.#signedIn(socket, false, terms);
  }

  #signedIn(socket: SocketLike, resumed: boolean, terms: SignedIn): void {
    if (this.#socket !== socket) return;
    this.#resumeToken = terms.resume_token;
    this.#pingEveryMs = terms.ping_interval_ms;
    this.#up = true;
    this.#everUp = true;
    this.#attempt = 0;
    this.#backoff.reset();
    this.#schedulePing();
    this.#listener.up(resumed, terms);
    this.#flush();
  }

  /** Asks on a connection that is not signed in yet. */
  #askOn<T = Record<string, unknown>>(
    socket: SocketLike,
    method: string,
    params: object,
  ): Promise<T> {
    const answer = this.#requests.add(method, params, this.#patienceMs(), { first: true }, () => undefined);
    if (this.#socket === socket) {
      for (const text of this.#requests.takeFirst()) this.#send(socket, text);
    }
    return answer as Promise<T>;
  }

  /**
   * How long to wait for a connection to open and for each step of signing in. A network that was
   * away leaves sockets that hang, and a call has but seconds; a slow one must have its chance.
   */
  #patienceMs(): number {
    if (!this.#inCall || this.#attempt === 0) return PATIENCE_MS;
    return Math.min(FIRST_PATIENCE_IN_CALL_MS * 2 ** (this.#attempt - 1), PATIENCE_MS);
  }

  #flush(): void {
    if (this.#socket === undefined) return;
    for (const text of this.#requests.takeUnsent()) this.#send(this.#socket, text);
  }

  #send(socket: SocketLike, text: string): void {
    this.#sentAt = Date.now();
    socket.send(text);
  }

  #received(socket: SocketLike, data: unknown): void {
    if (this.#socket !== socket || typeof data !== "string") return;
    const frame = parseFrame(data);
    if (frame === undefined) {
      this.#listener.debug("a frame that is not understood was dropped");
      return;
    }
    if (frame.kind === "reply") this.#requests.answer(frame.id, frame.result);
    else if (frame.kind === "error") this.#refused(frame.id, frame.error);
    else this.#happened(frame.event, frame.seq);
  }

  #refused(id: number | null, { code, message }: WireError): void {
    if (id === null) this.#listener.debug(`the server refused a frame: ${code} ${message}`);
    else this.#requests.fail(id, new CallingError(code, message));
  }

  #happened(event: WireEvent, seq: number | undefined): void {
    if (seq !== undefined) {
      if (seq <= this.#lastEvent) return;
      this.#lastEvent = seq;
    }
    if (event.event === "kicked_offline") this.#kicked = true;
    else this.#listener.event(event);
  }

  /** The socket closed by itself. */
  #closed(code: number, reason: string): void {
    const kicked = this.#kicked || code === CLOSED_KICKED;
    if (this.#up && kicked) {
      this.close();
      this.#listener.over({ kicked: true });
    } else if (this.#up) {
      this.#lost(reason === "" ? `the connection closed (${code})` : reason);
    } else {
      this.#gone(code === CLOSED_SIGN_IN ? refused(reason) : unreachable(this.#url));
    }
  }

  /** The connection that was up is no more. */
  #lost(reason: string): void {
    if (!this.#up) return;
    this.#drop();
    this.#attempt = 0;
    // At once the first time: a timer of a hidden page may take a minute.
    void this.#retry(reason);
  }

  async #retry(reason: string): Promise<void> {
    if (this.#socket !== undefined || this.#credentials === undefined) return;
    this.#attempt += 1;
    this.#listener.down(this.#attempt, reason);
    try {
      await this.#connect();
    } catch (error) {
      this.#retryFailed(error);
    }
  }

  #retryFailed(error: unknown): void {
    if (this.#credentials === undefined || this.#socket !== undefined) return;
    if (error instanceof CallingError && FATAL.has(error.code)) {
      this.close();
      this.#listener.over({ kicked: false, error });
      return;
    }
    const reason = error instanceof Error ? error.message : "signing in failed";
    const wait = this.#backoff.take(this.#inCall, Math.random());
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#retry(reason), wait);
  }

  /** Lets go of the socket; what was sent on it and may be sent again waits for the next. */
  #drop(): void {
    clearTimeout(this.#pingTimer);
    this.#up = false;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const sentence = "the connection was lost before the answer came; try again";
    const error = new CallingError(ErrorCode.signallingFailed, sentence);
    this.#gone(error);
    this.#requests.connectionLost(error);
  }

  #schedulePing(): void {
    clearTimeout(this.#pingTimer);
    if (!this.#up) return;
    // Half of what the server asks for: timers of hidden pages are late.
    const every = this.#inCall ? PING_IN_CALL_MS : this.#pingEveryMs / 2;
    this.#pingTimer = setTimeout(() => {
      // During a call every answer counts as a sign of life, but only an answer.
      if (this.#inCall || Date.now() - this.#sentAt >= every / 2) {
        this.#ping(this.#inCall ? SHORT_PATIENCE_MS : PATIENCE_MS);
      }
      this.#schedulePing();
    }, every);
  }

  #ping(patienceMs: number): void {
    this.#requests
      .add("ping", {}, patienceMs, {}, () => this.#lost("a ping was not answered"))
      .catch(() => undefined);
    this.#flush();
  }
}

function unreachable(url: string): CallingError {
  const sentence = `cannot reach the server at ${url}; is it running, and is the address right?`;
  return new CallingError(ErrorCode.signallingFailed, sentence);
}

function refused(reason: string): CallingError {
  return new CallingError(ErrorCode.tooManyFailures, reason || "too many failed sign-ins");
}
