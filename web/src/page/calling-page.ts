import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import { Calling } from "../sdk/index.js";
import { icons } from "../ui/icons.js";
import type { CallingChat } from "../ui/chat/calling-chat.js";
import "../ui/chat/calling-chat.js";
import { controls } from "../ui/styles/controls.js";
import { tokens } from "../ui/styles/tokens.js";
import {
  LANGUAGE_NAMES,
  LANGUAGES,
  textsFor,
  type Language,
  type Texts,
} from "../ui/texts/index.js";
import "../ui/window/calling-window.js";
import {
  keepAccount,
  keptAccount,
  serverFacts,
  type Account,
  type ServerFacts,
} from "./accounts.js";
import { load, save, type Preferences, type Theme } from "./preferences.js";
import { logo, signInPage } from "./sign-in.js";
import { pageStyles } from "./styles.js";

/** The account that answers everybody, on servers with demo accounts. */
const ECHO = "echo";
const THEMES: readonly Theme[] = ["auto", "light", "dark"];
const THEME_ICONS = { auto: icons.auto, light: icons.sun, dark: icons.moon } as const;

/** The page at `/`: one signs in, writes and calls. */
@customElement("calling-page")
export class CallingPage extends LitElement {
  @state() private preferences: Preferences = load(localStorage, navigator.languages);
  @state() private facts: ServerFacts = { isDemo: false, accounts: [] };
  @state() private me = "";
  @state() private isBusy = false;
  @state() private error = "";
  @query("calling-chat") private chat!: CallingChat | null;

  static override styles = [tokens, controls, pageStyles];

  readonly #calling = new Calling();
  #unread = 0;
  #isRinging = false;

  constructor() {
    super();
    this.#calling.on("kickedOffline", () => this.#signedOut(this.#texts.kicked));
    this.#calling.on("stateChanged", ({ connection }) => {
      if (connection === "signedOut" && this.me !== "" && !this.isBusy) this.#signedOut("");
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#apply();
    void serverFacts().then((facts) => (this.facts = facts));
    const kept = keptAccount(sessionStorage);
    if (kept !== undefined) void this.#signIn(kept);
  }

  override render(): TemplateResult {
    const texts = this.#texts;
    const { language, theme } = this.preferences;
    const isIn = this.me !== "";
    return html`<header class="top ${isIn ? "" : "plain"}">
        <span class="brand">${isIn ? html`${logo()}<span>Calling</span>` : nothing}</span>
        ${this.#languageChoice(texts)}${this.#themeButton(texts)}
        ${
          isIn
            ? html`<button
                class="icon-button"
                data-control="sign-out"
                aria-label=${texts.signOut}
                title=${texts.signOut}
                @click=${() => void this.#signOut()}
              >
                ${icons.signOut}
              </button>`
            : nothing
        }
      </header>
      ${
        isIn
          ? html`<calling-chat
              role="main"
              .calling=${this.#calling}
              .contacts=${this.#contacts}
              lang=${language}
              theme=${theme}
              @chat-unread=${this.#unreadChanged}
            ></calling-chat>`
          : signInPage({
              texts,
              facts: this.facts,
              isBusy: this.isBusy,
              error: this.error,
              signIn: (account) => void this.#signIn(account),
            })
      }
      <calling-window
        .calling=${this.#calling}
        .contacts=${this.#contacts}
        .groupName=${(group: string) => this.chat?.groupName(group) ?? ""}
        lang=${language}
        theme=${theme}
        @call-phase=${this.#phaseChanged}
      ></calling-window>`;
  }

  #languageChoice(texts: Texts): TemplateResult {
    const { language } = this.preferences;
    const change = ({ target }: Event): void =>
      this.#prefer({ language: (target as HTMLSelectElement).value as Language });
    return html`<span class="choose"
      >${icons.globe}
      <select aria-label=${texts.chooseLanguage} @change=${change}>
        ${LANGUAGES.map(
          (it) =>
            html`<option value=${it} ?selected=${it === language} lang=${it}>
              ${LANGUAGE_NAMES[it]}
            </option>`,
        )}
      </select></span
    >`;
  }

  #themeButton(texts: Texts): TemplateResult {
    const { theme } = this.preferences;
    const names = { auto: texts.themeAuto, light: texts.themeLight, dark: texts.themeDark };
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
    const label = `${texts.theme}: ${names[theme]}`;
    return html`<button
      class="icon-button"
      data-control="theme"
      aria-label=${label}
      title=${label}
      @click=${() => this.#prefer({ theme: next })}
    >
      ${THEME_ICONS[theme]}
    </button>`;
  }

  get #texts(): Texts {
    return textsFor(this.preferences.language);
  }

  get #contacts(): readonly string[] {
    const demo = this.facts.accounts.map((it) => it.userId);
    const all = this.facts.isDemo ? [...demo, ECHO] : demo;
    return [...new Set(all)].filter((it) => it !== this.me);
  }

  async #signIn(account: Account): Promise<void> {
    this.isBusy = true;
    this.error = "";
    try {
      await this.#calling.login(account);
      keepAccount(sessionStorage, account);
      this.me = account.userId;
    } catch (error) {
      keepAccount(sessionStorage, undefined);
      this.error = error instanceof Error ? error.message : this.#texts.failed;
    } finally {
      this.isBusy = false;
    }
  }

  async #signOut(): Promise<void> {
    this.#signedOut("");
    await this.#calling.logout().catch(() => undefined);
  }

  #signedOut(why: string): void {
    keepAccount(sessionStorage, undefined);
    this.me = "";
    this.error = why;
    this.#unread = 0;
    this.#title();
  }

  #prefer(change: Partial<Preferences>): void {
    this.preferences = { ...this.preferences, ...change };
    save(localStorage, this.preferences);
    this.#apply();
  }

  #apply(): void {
    const { language, theme } = this.preferences;
    const { documentElement } = document;
    documentElement.lang = language;
    documentElement.dataset["theme"] = theme;
    this.setAttribute("theme", theme);
    this.#title();
  }

  #unreadChanged({ detail }: CustomEvent<{ unread: number }>): void {
    this.#unread = detail.unread;
    this.#title();
  }

  #phaseChanged({ detail }: CustomEvent<{ phase: string }>): void {
    this.#isRinging = detail.phase === "incoming";
    this.#title();
  }

  #title(): void {
    const rings = this.#isRinging ? `${this.#texts.calls.phrase("new-call")} · ` : "";
    const unread = this.#unread > 0 ? `(${this.#unread}) ` : "";
    document.title = `${rings}${unread}Calling`;
  }
}
