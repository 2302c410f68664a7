import { html, nothing, type TemplateResult } from "lit";

import type { GroupId, RecentCall, UserId } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { clock, when } from "../model/format.js";
import { avatar, groupAvatar } from "../parts/avatar.js";
import type { ChatScene } from "./context.js";
import { backButton, banner } from "./thread.js";
import { groupName } from "./words.js";

/** Somebody's page: who it is, and the buttons that call them. */
export function profilePage(scene: ChatScene, user: UserId): TemplateResult {
  const { state, texts, names, act } = scene;
  const isSelf = user === state.me;
  const profile = names.profile(user);
  return html`<section class="pane" aria-label=${texts.profile}>
    <div class="pane-head">
      ${backButton(scene)}
      <h2>${texts.profile}</h2>
    </div>
    <div class="page">
      <div class="who-card">
        ${avatar(names.avatar(user), 96)}
        <h3>${names.name(user)}</h3>
        <p class="quiet">${texts.account}: ${user}</p>
      </div>
      ${
        isSelf
          ? nothing
          : html`<div class="actions">
              ${action("message", icons.chat, texts.message, () =>
                act.go({ page: "thread", with: { user } }),
              )}
              ${action("voice", icons.phone, texts.voiceCall, () => act.call(user, "audio"))}
              ${action("video", icons.video, texts.videoCall, () => act.call(user, "video"))}
            </div>`
      }
      ${
        isSelf
          ? nameForm(texts.nickname, "", profile?.nickname ?? "", texts.save, act.rename)
          : nameForm(texts.remark, texts.remarkHint, profile?.remark ?? "", texts.save, (remark) =>
              act.remark(user, remark),
            )
      }
      ${callLog(scene, user)}
    </div>
  </section>`;
}

/** A group's page: who is in it, and its running call. */
export function groupPage(scene: ChatScene, group: GroupId): TemplateResult {
  const { state, texts, names, act } = scene;
  const members = state.members[group] ?? [];
  return html`<section class="pane" aria-label=${texts.groupInfo}>
    <div class="pane-head">
      ${backButton(scene)}
      <h2>${texts.groupInfo}</h2>
    </div>
    ${banner(scene, group, state.running[group])}
    <div class="page">
      <div class="who-card">
        ${groupAvatar(group, 96)}
        <h3>${groupName(state, group)}</h3>
        <p class="quiet">${texts.members(members.length)}</p>
      </div>
      <div class="actions">
        ${action("message", icons.chat, texts.message, () =>
          act.go({ page: "thread", with: { group } }),
        )}
        ${action("voice", icons.phone, texts.voiceCall, () =>
          act.open({ kind: "call", group, media: "audio" }),
        )}
        ${action("video", icons.video, texts.videoCall, () =>
          act.open({ kind: "call", group, media: "video" }),
        )}
      </div>
      <section class="card" aria-label=${texts.people}>
        <div class="card-head">
          <h4>${texts.people}</h4>
          <button
            class="icon-button accent"
            aria-label=${texts.addPeople}
            title=${texts.addPeople}
            @click=${() => act.open({ kind: "members", group })}
          >
            ${icons.addPerson}
          </button>
        </div>
        <ul class="people-list">
          ${members.map(
            ({ user, role, nameCard }) =>
              html`<li>
                <button class="row" @click=${() => act.go({ page: "profile", user })}>
                  ${avatar(names.avatar(user), 40)}
                  <span class="row-text"
                    ><b>${nameCard === "" ? names.name(user) : nameCard}</b></span
                  >
                  ${
                    role === "member"
                      ? nothing
                      : html`<span class="badge"
                          >${role === "owner" ? texts.owner : texts.admin}</span
                        >`
                  }
                </button>
              </li>`,
          )}
        </ul>
      </section>
    </div>
  </section>`;
}

function action(
  name: string,
  icon: TemplateResult | (typeof icons)["phone"],
  label: string,
  act: () => void,
): TemplateResult {
  return html`<button class="action" data-control=${name} @click=${act}>
    <span class="action-disk">${icon}</span><span>${label}</span>
  </button>`;
}

function nameForm(
  label: string,
  hint: string,
  value: string,
  save: string,
  act: (name: string) => void,
): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = new FormData(event.target as HTMLFormElement).get("name");
    if (typeof name === "string") act(name.trim());
  };
  return html`<form class="card name-form" @submit=${submit}>
    <label class="field"
      >${label}
      <input name="name" maxlength="80" autocomplete="off" placeholder=${hint} .value=${value} />
    </label>
    <button class="button">${save}</button>
  </form>`;
}

/** The last calls with somebody; of one's own page, all. */
function callLog(scene: ChatScene, user: UserId): TemplateResult | typeof nothing {
  const { state, texts } = scene;
  const isWith = (call: RecentCall): boolean =>
    user === state.me ||
    (call.inviter === user ? call.role === "callee" : call.inviteList.includes(user));
  const calls = state.calls.filter(isWith).slice(0, 10);
  if (calls.length === 0) return nothing;
  return html`<section class="card" aria-label=${texts.recentCalls}>
    <div class="card-head"><h4>${texts.recentCalls}</h4></div>
    <ul class="calls">
      ${calls.map((call) => callRow(scene, call))}
    </ul>
  </section>`;
}

function callRow({ texts, names, state, now }: ChatScene, call: RecentCall): TemplateResult {
  const isMissed = call.result === "missed";
  const isOwn = call.role === "caller";
  const direction = isMissed ? texts.missed : isOwn ? texts.outgoingCall : texts.incomingCall;
  const others = isOwn ? call.inviteList : [call.inviter];
  const who = texts.calls.list(others.filter((it) => it !== state.me).map((it) => names.name(it)));
  return html`<li class="call-row ${isMissed ? "missed" : ""}">
    ${isMissed ? icons.missed : isOwn ? icons.outgoing : icons.incoming}
    <span class="row-text">
      <b>${who}</b>
      <span class="quiet"
        >${direction} ·
        ${texts.calls.kind(call.mediaType)}${
          call.totalMs > 0 ? ` · ${clock(call.totalMs)}` : ""
        }</span
      >
    </span>
    <time>${when(call.beginTime, now, texts.language, texts.yesterday)}</time>
  </li>`;
}
