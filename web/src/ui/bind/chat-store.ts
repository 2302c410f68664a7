import type { CallingApi, Conversation, ConversationInfo, GroupId } from "../../sdk/index.js";
import {
  keyOf,
  NO_CHAT,
  reduceChat,
  threadOf,
  type ChatEvent,
  type ChatState,
  type Place,
} from "../model/chat.js";

/** How many messages a page of history has, and how many conversations one of the list. */
const PAGE = 40;
/** The most conversations that are listed. */
const MOST = 400;

/** Holds what the chat shows, and keeps it in step with the server. */
export class ChatStore {
  #state: ChatState = NO_CHAT;
  readonly #off: (() => void)[];
  readonly #loading = new Set<string>();

  constructor(
    private readonly api: CallingApi,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#off = this.#listen();
    this.#signedIn();
  }

  /** What is shown. */
  get state(): ChatState {
    return this.#state;
  }

  /** Something happened. */
  dispatch(event: ChatEvent): void {
    const before = this.#state;
    this.#state = reduceChat(before, event);
    if (this.#state !== before) this.changed();
  }

  /** Hears no more. */
  close(): void {
    for (const off of this.#off) off();
  }

  /** Goes to a page, and asks for what it shows. */
  go(place: Place): void {
    this.dispatch({ type: "go", place });
    if (place.page === "thread") this.#opened(place.with);
    if (place.page === "group") this.loadGroup(place.group);
    if (place.page === "profile") void this.#try(() => this.#loadCalls());
  }

  /** Sends a text; it stands in the conversation at once. */
  send(to: Conversation, text: string): void {
    this.dispatch({ type: "sending", to, text, at: Date.now() });
    const id = this.#state.lastId;
    this.api.chat.sendText(to, text).then(
      (message) => this.dispatch({ type: "sent", id, message }),
      (error: unknown) => {
        this.dispatch({ type: "notSent", to, id });
        this.failed(error);
      },
    );
  }

  /** Messages before those that are there. */
  earlier(of: Conversation): void {
    const [first] = threadOf(this.#state, of).messages;
    void this.#history(of, first?.seq);
  }

  /** Marks what is shown as read. */
  markRead(of: Conversation): void {
    const info = this.#state.conversations.find((it) => keyOf(it.conversation) === keyOf(of));
    const seq = info?.last?.seq;
    if (info === undefined || seq === undefined || (info.unread === 0 && seq <= info.readSeq))
      return;
    if (info.unread === 0) return;
    this.dispatch({ type: "read", of, seq });
    void this.#try(() => this.api.chat.markRead(of, seq));
  }

  /** A group's members and running call. */
  loadGroup(group: GroupId): void {
    void this.#try(async () => {
      this.dispatch({ type: "members", group, members: await this.api.chat.groupMembers(group) });
    });
    void this.#try(async () => {
      const call = await this.api.groupCallOf(group);
      this.dispatch({ type: "running", group, ...(call && { call }) });
    });
  }

  /** Everything anew, as after a sign-in. */
  async reload(): Promise<void> {
    await this.#try(async () => {
      this.dispatch({ type: "conversations", items: await this.#conversations() });
    });
    await this.#try(async () => {
      this.dispatch({ type: "groups", groups: await this.api.chat.myGroups() });
    });
    const { place } = this.#state;
    if (place.page === "thread") this.#opened(place.with);
  }

  #listen(): (() => void)[] {
    const { api } = this;
    return [
      api.on("connected", ({ resumed }) => {
        const isSame = resumed && api.state.user === this.#state.me;
        this.#signedIn(isSame);
      }),
      api.on("stateChanged", ({ connection }) => {
        if (connection === "signedOut") this.dispatch({ type: "signedOut" });
      }),
      api.on("message", (message) => {
        this.dispatch({ type: "message", message });
        const { place } = this.#state;
        const isOpen = place.page === "thread" && keyOf(place.with) === keyOf(message.conversation);
        if (isOpen && document.visibilityState === "visible") this.markRead(message.conversation);
      }),
      api.on("messageRecalled", ({ conversation: of, seq }) =>
        this.dispatch({ type: "recalled", of, seq }),
      ),
      api.on("read", ({ conversation: of, seq }) => this.dispatch({ type: "read", of, seq })),
      api.on("groupCallChanged", ({ groupId: group, call }) =>
        this.dispatch({ type: "running", group, ...(call && { call }) }),
      ),
      api.on("groupChanged", () => void this.reload()),
    ];
  }

  #signedIn(isResumed = false): void {
    const { user, connection } = this.api.state;
    if (user === undefined || connection !== "connected" || isResumed) return;
    this.dispatch({ type: "signedIn", me: user });
    void this.reload();
  }

  async #conversations(): Promise<readonly ConversationInfo[]> {
    const all: ConversationInfo[] = [];
    let after: string | undefined;
    do {
      const page = { limit: PAGE, ...(after !== undefined && { after }) };
      const { items, next } = await this.api.chat.conversations(page);
      all.push(...items);
      after = next;
    } while (after !== undefined && all.length < MOST);
    return all;
  }

  #opened(of: Conversation): void {
    void this.#history(of).then(() => this.markRead(of));
    if (of.group !== undefined) this.loadGroup(of.group);
  }

  async #history(of: Conversation, before?: number): Promise<void> {
    const key = `${keyOf(of)} ${before ?? ""}`;
    if (this.#loading.has(key)) return;
    this.#loading.add(key);
    await this.#try(async () => {
      const page = { limit: PAGE, ...(before !== undefined && { before }) };
      const messages = await this.api.chat.history(of, page);
      // Pages may be short; an empty one is the end.
      const oldest = messages.at(-1)?.seq ?? 0;
      this.dispatch({
        type: "history",
        of,
        messages,
        isWhole: messages.length === 0 || oldest <= 1,
      });
    });
    this.#loading.delete(key);
  }

  async #loadCalls(): Promise<void> {
    const { items } = await this.api.chat.recentCalls({ limit: 50 });
    this.dispatch({ type: "calls", calls: items });
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failed(error);
    }
  }
}
