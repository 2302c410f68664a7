import { html, nothing, type TemplateResult } from "lit";

import { icons } from "../ui/icons.js";
import { avatar } from "../ui/parts/avatar.js";
import type { Texts } from "../ui/texts/index.js";
import { ACCOUNT } from "../ui/window/invite.js";
import type { Account, ServerFacts } from "./accounts.js";

/** What the page for signing in is drawn from. */
export interface SignInScene {
  readonly texts: Texts;
  readonly facts: ServerFacts;
  readonly isBusy: boolean;
  readonly error: string;
  readonly signIn: (account: Account) => void;
}

/** One click for a demo account, else an account with its UserSig. */
export function signInPage({ texts, facts, isBusy, error, signIn }: SignInScene): TemplateResult {
  const hasDemo = facts.accounts.length > 0;
  return html`<main class="sign-in">
    <div class="hero">
      ${logo()}
      <h1>Calling</h1>
      <p>${texts.tagline}</p>
    </div>
    ${error === "" ? nothing : html`<p class="error" role="alert">${error}</p>`}
    ${
      hasDemo
        ? html`<section class="card" aria-labelledby="demo">
            <h2 id="demo">${texts.demoAccounts}</h2>
            <ul class="accounts">
              ${facts.accounts.map(
                (account) =>
                  html`<li>
                    <button
                      class="account"
                      data-account=${account.userId}
                      ?disabled=${isBusy}
                      @click=${() => signIn(account)}
                    >
                      ${avatar({ id: account.userId, name: account.userId }, 44)}
                      <span
                        ><span class="hidden-text">${texts.signIn}: </span>${account.userId}</span
                      >
                      ${icons.next}
                    </button>
                  </li>`,
              )}
            </ul>
            <p class="hint">${texts.demoHint} ${texts.echoHint}</p>
          </section>`
        : nothing
    }
    <details class="card" ?open=${!hasDemo}>
      <summary>${texts.withUserSig}</summary>
      ${form(texts, isBusy, signIn)}
    </details>
  </main>`;
}

function form(texts: Texts, isBusy: boolean, signIn: SignInScene["signIn"]): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const [userId, userSig] = [data.get("user"), data.get("sig")];
    if (typeof userId === "string" && typeof userSig === "string") {
      signIn({ userId: userId.trim(), userSig: userSig.trim() });
    }
  };
  return html`<form @submit=${submit}>
    <label class="field"
      >${texts.userId}
      <input
        name="user"
        required
        pattern=${ACCOUNT}
        autocomplete="username"
        autocapitalize="off"
        spellcheck="false"
    /></label>
    <label class="field"
      >${texts.userSig}
      <textarea name="sig" required rows="3" autocomplete="off" spellcheck="false"></textarea>
    </label>
    <button class="button primary" ?disabled=${isBusy}>${texts.signIn}</button>
  </form>`;
}

/** The sign of the project. */
export function logo(): TemplateResult {
  return html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="9" fill="#10795a"></rect>
    <path
      d="M9 13v6M16 8v16M23 12v8"
      fill="none"
      stroke="#fff"
      stroke-width="3"
      stroke-linecap="round"
    ></path>
  </svg>`;
}
