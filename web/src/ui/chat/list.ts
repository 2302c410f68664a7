import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { ConversationInfo } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { keyOf, listed } from "../model/chat.js";
import { when } from "../model/format.js";
import { avatar, groupAvatar } from "../parts/avatar.js";
import type { ChatScene } from "./context.js";
import { groupName, lastLine } from "./words.js";

/** The conversations, the latest first. */
export function conversationList(scene: ChatScene): TemplateResult {
  const { state, texts, names, act } = scene;
  const all = listed(state);
  const here = state.place.page === "thread" ? keyOf(state.place.with) : "";
  return html`<nav class="side" aria-label=${texts.chats}>
    <div class="side-head">
      <button
        class="self"
        title=${texts.profile}
        @click=${() => act.go({ page: "profile", user: state.me })}
      >
        <span class="hidden-text">${texts.profile}: ${names.name(state.me)}</span>
        ${avatar(names.avatar(state.me), 36)}
      </button>
      <h1>${texts.chats}</h1>
      <button
        class="icon-button"
        aria-label=${texts.newGroup}
        title=${texts.newGroup}
        @click=${() => act.open({ kind: "group" })}
      >
        ${icons.group}
      </button>
      <button
        class="icon-button"
        aria-label=${texts.newChat}
        title=${texts.newChat}
        @click=${() => act.open({ kind: "chat" })}
      >
        ${icons.plus}
      </button>
    </div>
    ${scene.isOffline ? html`<p class="offline" role="status">${texts.offline}</p>` : nothing}
    ${
      state.loaded && all.length === 0
        ? empty(scene)
        : html`<ul class="conversations">
            ${repeat(
              all,
              (it) => keyOf(it.conversation),
              (it) => row(scene, it, keyOf(it.conversation) === here),
            )}
          </ul>`
    }
  </nav>`;
}

function row(scene: ChatScene, info: ConversationInfo, isHere: boolean): TemplateResult {
  const { state, texts, names, act, now } = scene;
  const { conversation, last, unread } = info;
  const { user, group } = conversation;
  const name = group === undefined ? names.name(user) : groupName(state, group);
  const isRunning = group !== undefined && state.running[group] !== undefined;
  return html`<li>
    <button
      class="row ${isHere ? "here" : ""}"
      data-conversation=${keyOf(conversation)}
      aria-current=${isHere ? "true" : nothing}
      @click=${() => act.go({ page: "thread", with: conversation })}
    >
      ${group === undefined ? avatar(names.avatar(user), 48) : groupAvatar(group, 48)}
      <span class="row-text">
        <span class="line">
          <b>${name}</b>
          <time
            >${last === undefined ? "" : when(last.sentAt, now, texts.language, texts.yesterday)}</time
          >
        </span>
        <span class="line">
          <span class="last">${lastLine(info, { texts, names, me: state.me })}</span>
          ${isRunning ? html`<span class="running-mark">${icons.phone}</span>` : nothing}
          ${
            unread > 0
              ? html`<span class="unread"
                  ><span aria-hidden="true">${unread > 99 ? "99+" : unread}</span
                  ><span class="hidden-text">${texts.unread(unread)}</span></span
                >`
              : nothing
          }
        </span>
      </span>
    </button>
  </li>`;
}

/** Nobody was written to yet: whom one may begin with. */
function empty({ texts, contacts, names, act, state }: ChatScene): TemplateResult {
  const others = contacts.filter((user) => user !== state.me);
  return html`<div class="nothing">
    <p><b>${texts.noChats}</b><br />${texts.noChatsHint}</p>
    <ul class="conversations">
      ${others.map(
        (user) =>
          html`<li>
            <button
              class="row"
              data-conversation=${`u:${user}`}
              @click=${() => act.go({ page: "profile", user })}
            >
              ${avatar(names.avatar(user), 48)}<span class="row-text"
                ><b>${names.name(user)}</b></span
              >
            </button>
          </li>`,
      )}
    </ul>
  </div>`;
}
