import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { Conversation, Message, RunningCall } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { threadOf, type Outgoing } from "../model/chat.js";
import { timeOf, when } from "../model/format.js";
import { avatar, groupAvatar } from "../parts/avatar.js";
import type { ChatScene } from "./context.js";
import { groupName, shown, talking, type Shown } from "./words.js";

/** After such a pause the time is told. */
const PAUSE_MS = 10 * 60_000;
/** How long the server lets one take a message back. */
const RECALL_MS = 120_000;

/** A conversation: who it is with, its messages, and where one writes. */
export function thread(scene: ChatScene, of: Conversation): TemplateResult {
  const { state, texts, names, act } = scene;
  const { messages, outgoing, isWhole } = threadOf(state, of);
  const { user, group } = of;
  const name = group === undefined ? names.name(user) : groupName(state, group);
  const about =
    group === undefined
      ? ({ page: "profile", user } as const)
      : ({ page: "group", group } as const);
  const isEmpty = isWhole && messages.length === 0 && outgoing.length === 0;
  return html`<section class="pane" aria-label=${name}>
    <div class="pane-head">
      ${backButton(scene)}
      <button class="about" @click=${() => act.go(about)}>
        ${group === undefined ? avatar(names.avatar(user), 36) : groupAvatar(group, 36)}
        <h2>${name}</h2>
      </button>
      ${callButtons(scene, of)}
    </div>
    ${group === undefined ? nothing : banner(scene, group, state.running[group])}
    <div class="messages" role="log" aria-label=${texts.messages} tabindex="0">
      ${
        isWhole || messages.length === 0
          ? nothing
          : html`<button class="button plain earlier" @click=${() => act.earlier(of)}>
              ${texts.earlier}
            </button>`
      }
      ${isEmpty ? html`<p class="tip">${texts.noMessages}</p>` : nothing}
      ${repeat(
        messages,
        (it) => it.seq,
        (it, n) => line(scene, it, messages[n - 1]),
      )}
      ${outgoing.map((it) => onItsWay(scene, it))}
    </div>
    <form class="write" @submit=${(event: SubmitEvent) => send(event, of, act)}>
      <textarea
        name="text"
        rows="1"
        maxlength="4000"
        placeholder=${texts.messagePlaceholder}
        aria-label=${texts.writeMessage}
        @keydown=${submitOnEnter}
        @input=${grow}
      ></textarea>
      <button class="icon-button send" aria-label=${texts.send} title=${texts.send}>
        ${icons.send}
      </button>
    </form>
  </section>`;
}

/** Back to the list, on narrow screens. */
export function backButton({ texts, act }: ChatScene): TemplateResult {
  return html`<button
    class="icon-button back"
    aria-label=${texts.back}
    @click=${() => act.go({ page: "list" })}
  >
    ${icons.back}
  </button>`;
}

function callButtons(
  { texts, act, state }: ChatScene,
  { user, group }: Conversation,
): TemplateResult {
  const call = (media: "audio" | "video") => () =>
    group === undefined ? act.call(user, media) : act.open({ kind: "call", group, media });
  const isSelf = user === state.me;
  return html`<button
      class="icon-button accent"
      data-control="voice"
      aria-label=${texts.voiceCall}
      title=${texts.voiceCall}
      ?disabled=${isSelf}
      @click=${call("audio")}
    >
      ${icons.phone}
    </button>
    <button
      class="icon-button accent"
      data-control="video"
      aria-label=${texts.videoCall}
      title=${texts.videoCall}
      ?disabled=${isSelf}
      @click=${call("video")}
    >
      ${icons.video}
    </button>`;
}

/** A call of the group that one may join. */
export function banner(
  { texts, names, act, api, state }: ChatScene,
  group: string,
  call: RunningCall | undefined,
): TemplateResult | typeof nothing {
  if (call === undefined) return nothing;
  const inIt = call.members.filter((it) => it.state === "connected");
  const isInIt = inIt.some((it) => it.user === state.me) || api.state.call?.callId === call.callId;
  return html`<div class="banner" role="status">
    ${call.mediaType === "video" ? icons.video : icons.phone}
    <span class="banner-text">
      <b>${texts.runningCall}</b>
      <span>${texts.calls.inCall(talking(call))}</span>
    </span>
    <span class="banner-faces"
      >${inIt.slice(0, 4).map((it) => avatar(names.avatar(it.user), 28))}</span
    >
    ${
      isInIt
        ? nothing
        : html`<button class="button primary" data-control="join" @click=${() => act.join(group)}>
            ${texts.join}
          </button>`
    }
  </div>`;
}

function line(
  scene: ChatScene,
  message: Message,
  before: Message | undefined,
): TemplateResult | typeof nothing {
  const { state, texts, names, now } = scene;
  const it = shown(message, { texts, names, me: state.me });
  if (it.kind === "hidden") return nothing;
  const isNewTime = before === undefined || message.sentAt - before.sentAt > PAUSE_MS;
  const day = when(message.sentAt, now, texts.language, texts.yesterday);
  const time = timeOf(message.sentAt, texts.language);
  const told = day === time ? time : `${day} ${time}`;
  return html`${isNewTime ? html`<p class="tip time">${told}</p>` : nothing}
  ${it.kind === "tip" ? html`<p class="tip">${it.text}</p>` : bubble(scene, message, it)}`;
}

type Bubble = Extract<Shown, { kind: "text" | "call" }>;

function bubble(scene: ChatScene, message: Message, it: Bubble): TemplateResult {
  const { state, names } = scene;
  const { from, conversation } = message;
  const isOwn = it.kind === "call" ? it.isOwn : from === state.me;
  const other = conversation.group === undefined ? conversation.user : from;
  return html`<div class="message ${isOwn ? "own" : ""}" data-seq=${message.seq}>
    ${isOwn ? nothing : avatar(names.avatar(other), 34)}
    <div class="said">
      ${
        isOwn || conversation.group === undefined
          ? nothing
          : html`<span class="from">${names.name(from)}</span>`
      }
      ${
        it.kind === "text"
          ? html`<p class="bubble">${it.text}</p>`
          : callBubble(scene, conversation, it)
      }
      ${it.kind === "text" && isOwn ? recallButton(scene, message) : nothing}
    </div>
  </div>`;
}

/** A call of two: a press calls back. */
function callBubble(
  { act, texts }: ChatScene,
  { user }: Conversation,
  it: Extract<Shown, { kind: "call" }>,
): TemplateResult {
  const kind = texts.calls.kind(it.isVideo ? "video" : "audio");
  return html`<button
    class="bubble call ${it.isMissed ? "missed" : ""}"
    title=${it.isVideo ? texts.videoCall : texts.voiceCall}
    @click=${() => (user === undefined ? undefined : act.call(user, it.isVideo ? "video" : "audio"))}
  >
    ${it.isVideo ? icons.video : icons.phone}<span class="hidden-text">${kind}</span
    ><span class="record">${it.text}</span>
  </button>`;
}

function recallButton(
  { act, texts, now }: ChatScene,
  message: Message,
): TemplateResult | typeof nothing {
  if (now - message.sentAt > RECALL_MS) return nothing;
  return html`<button class="recall" @click=${() => act.recall(message.conversation, message.seq)}>
    ${texts.recall}
  </button>`;
}

function onItsWay({ texts }: ChatScene, { text, failed }: Outgoing): TemplateResult {
  return html`<div class="message own">
    <div class="said">
      <p class="bubble pending">${text}</p>
      ${failed ? html`<span class="failed" role="alert">${texts.failedToSend}</span>` : nothing}
    </div>
  </div>`;
}

function send(event: SubmitEvent, to: Conversation, act: ChatScene["act"]): void {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  const area = form.elements.namedItem("text") as HTMLTextAreaElement;
  const text = area.value.trim();
  if (text === "") return;
  act.send(to, text);
  area.value = "";
  area.style.height = "";
}

/** Enter sends; with Shift, or while a character is being composed, it does not. */
function submitOnEnter(event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  (event.target as HTMLTextAreaElement).form?.requestSubmit();
}

function grow({ target }: Event): void {
  const area = target as HTMLTextAreaElement;
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 2, 140)}px`;
}
