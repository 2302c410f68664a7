import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { CallingError, type CallingApi, type UserId } from "../../sdk/index.js";
import { ChatStore } from "../bind/chat-store.js";
import { icons } from "../icons.js";
import { keyOf, NO_CHAT, unreadOf, type ChatState, type Place } from "../model/chat.js";
import { Directory } from "../model/directory.js";
import "../parts/calling-dialog.js";
import { controls } from "../styles/controls.js";
import { people } from "../styles/people.js";
import { tokens } from "../styles/tokens.js";
import { languageOf, textsFor } from "../texts/index.js";
import type { ChatActions, ChatDialog, ChatScene } from "./context.js";
import { chatDialog } from "./dialogs.js";
import { conversationList } from "./list.js";
import { groupPage, profilePage } from "./pages.js";
import { messages } from "./message-styles.js";
import { layout, pages } from "./styles.js";
import { thread } from "./thread.js";
import { groupName } from "./words.js";

/** How long an error stands. */
const ALERT_MS = 5000;
/** How often times in words are told anew. */
const CLOCK_MS = 30_000;

/**
 * Conversations with their call records, people and groups.
 *
 * @fires chat-unread - how many messages are unread changed, `detail.unread`
 */
@customElement("calling-chat")
export class CallingChat extends LitElement {
  /** The SDK; everything happens through it. */
  @property({ attribute: false }) calling: CallingApi | undefined;
  /** Whom to offer when one chooses people. */
  @property({ attribute: false }) contacts: readonly UserId[] = [];
  /** `light`, `dark`; anything else follows the system. */
  @property({ reflect: true }) theme = "auto";
  /** A BCP 47 tag; the page's if absent. */
  @property() override lang = "";

  @state() private dialog: ChatDialog = { kind: "none" };
  @state() private alert = "";
  @state() private now = Date.now();
  @query(".messages") private log!: HTMLElement | null;

  static override styles = [tokens, controls, people, layout, messages, pages];

  #store: ChatStore | undefined;
  #names: Directory | undefined;
  #off: (() => void)[] = [];
  #clock: ReturnType<typeof setInterval> | undefined;
  #alertTimer: ReturnType<typeof setTimeout> | undefined;
  #unread = 0;
  #shownThread = "";
  #lastSeq = 0;
  #isAtEnd = true;

  /** The name of one of the account's groups. */
  groupName(group: string): string {
    return groupName(this.#store?.state ?? NO_CHAT, group);
  }

  /** What is shown. */
  get chat(): ChatState {
    return this.#store?.state ?? NO_CHAT;
  }

  /** Shows a conversation, a person or a group. */
  go(place: Place): void {
    this.#store?.go(place);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#clock = setInterval(() => (this.now = Date.now()), CLOCK_MS);
    document.addEventListener("visibilitychange", this.#seen);
    addEventListener("resize", this.#resized);
    if (this.hasUpdated) this.#bind();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener("resize", this.#resized);
    this.#unbind();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("calling")) this.#bind();
  }

  protected override updated(): void {
    this.#scroll();
  }

  override render(): TemplateResult | typeof nothing {
    const scene = this.#scene();
    if (scene === undefined) return nothing;
    const { place } = scene.state;
    return html`<div class="chat ${place.page === "list" ? "at-list" : ""}">
        ${conversationList(scene)}${this.#pane(scene, place)}
      </div>
      ${chatDialog(scene)}
      ${this.alert === "" ? nothing : html`<p class="alert" role="alert">${this.alert}</p>`}`;
  }

  #pane(scene: ChatScene, place: Place): TemplateResult {
    switch (place.page) {
      case "list":
        return html`<section class="welcome" aria-label=${scene.texts.messages}>
          ${icons.chat}<b>${scene.texts.chooseChat}</b><span>${scene.texts.chooseChatHint}</span>
        </section>`;
      case "thread":
        return thread(scene, place.with);
      case "profile":
        return profilePage(scene, place.user);
      case "group":
        return groupPage(scene, place.group);
    }
  }

  #scene(): ChatScene | undefined {
    if (this.calling === undefined || this.#store === undefined || this.#names === undefined) {
      return undefined;
    }
    return {
      state: this.#store.state,
      texts: textsFor(languageOf(this.lang || document.documentElement.lang)),
      names: this.#names,
      api: this.calling,
      act: this.#act,
      now: this.now,
      dialog: this.dialog,
      contacts: this.contacts,
      isOffline: this.calling.state.connection === "reconnecting",
    };
  }

  #bind(): void {
    this.#unbind();
    const { calling } = this;
    if (calling === undefined) return;
    this.#names = new Directory(calling, () => this.requestUpdate());
    this.#store = new ChatStore(calling, () => this.#changed(), this.#failed);
    this.#off = [
      calling.on("connected", () => this.#names?.retry()),
      calling.on("stateChanged", () => this.requestUpdate()),
    ];
  }

  #unbind(): void {
    this.#store?.close();
    this.#store = undefined;
    for (const off of this.#off.splice(0)) off();
    clearTimeout(this.#alertTimer);
  }

  #changed(): void {
    this.now = Date.now();
    this.requestUpdate();
    const unread = unreadOf(this.chat);
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.dispatchEvent(
      new CustomEvent("chat-unread", { detail: { unread }, bubbles: true, composed: true }),
    );
  }

  readonly #failed = (error: unknown): void => {
    const texts = textsFor(languageOf(this.lang || document.documentElement.lang));
    const isTold = error instanceof CallingError;
    this.alert = isTold ? `${texts.failed}: ${error.message}` : texts.failed;
    clearTimeout(this.#alertTimer);
    this.#alertTimer = setTimeout(() => (this.alert = ""), ALERT_MS);
  };

  readonly #seen = (): void => {
    const { place } = this.chat;
    if (document.visibilityState !== "visible" || place.page !== "thread") return;
    this.#store?.markRead(place.with);
  };

  /** What was in sight stays so. */
  readonly #resized = (): void => {
    if (this.log !== null && this.#isAtEnd) this.log.scrollTop = this.log.scrollHeight;
  };

  #try(work: (api: CallingApi) => Promise<unknown>): void {
    if (this.calling !== undefined) work(this.calling).catch(this.#failed);
  }

  readonly #act: ChatActions = {
    go: (place) => this.go(place),
    send: (to, text) => this.#store?.send(to, text),
    earlier: (of) => this.#store?.earlier(of),
    recall: (of, seq) => this.#try((api) => api.chat.recallMessage(of, seq)),
    call: (user, media) => this.#try((api) => api.call(user, media)),
    groupCall: (groupId, users, mediaType) => {
      this.dialog = { kind: "none" };
      this.#try((api) => api.groupCall({ groupId, users, mediaType }));
    },
    join: (groupId) => this.#try((api) => api.join({ groupId })),
    open: (dialog) => {
      if (dialog.kind === "call" || dialog.kind === "members") this.#store?.loadGroup(dialog.group);
      this.dialog = dialog;
    },
    createGroup: (name, members) => {
      this.dialog = { kind: "none" };
      this.#try(async (api) => {
        const { groupId } = await api.chat.createGroup({ name, members });
        await this.#store?.reload();
        this.go({ page: "thread", with: { group: groupId } });
      });
    },
    addMembers: (group, users) => {
      this.dialog = { kind: "none" };
      this.#try(async (api) => {
        await api.chat.addMembers(group, users);
        this.#store?.loadGroup(group);
      });
    },
    remark: (user, remark) =>
      this.#try(async (api) => {
        await api.chat.setFriendRemark(user, remark);
        this.#names?.refresh(user);
      }),
    rename: (nickname) =>
      this.#try(async (api) => {
        await api.chat.setSelfInfo({ nickname });
        this.#names?.refresh(this.chat.me);
      }),
  };

  /** To the newest message when a conversation opens, and on while one is near its end. */
  #scroll(): void {
    const { log } = this;
    const { place, threads } = this.chat;
    if (log === null || place.page !== "thread") {
      this.#shownThread = "";
      return;
    }
    const key = keyOf(place.with);
    const { messages: all = [], outgoing = [] } = threads[key] ?? {};
    const last = (all.at(-1)?.seq ?? 0) + outgoing.length;
    const isNew = key !== this.#shownThread || (this.#lastSeq === 0 && last > 0);
    const isMine = outgoing.length > 0;
    if (isNew || (last !== this.#lastSeq && (this.#isAtEnd || isMine))) {
      log.scrollTop = log.scrollHeight;
    }
    log.onscroll = () => {
      this.#isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    };
    this.#shownThread = key;
    this.#lastSeq = last;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "calling-chat": CallingChat;
  }
}
