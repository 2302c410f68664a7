/** The screens with one face: it rings, voices talk, it is over. */
import { html, nothing, type TemplateResult } from "lit";

import { icons } from "../icons.js";
import { others, peerOf, phaseOf, type Ended } from "../model/call.js";
import { avatar, groupAvatar } from "../parts/avatar.js";
import { vars } from "../parts/vars.js";
import { bar } from "./bar.js";
import type { Scene } from "./context.js";
import { head, qualityBars } from "./head.js";
import { endLine, incomingTitle, noticeLine, problemLine, statusLine } from "./words.js";

/** It rings, here or there. */
export function waiting(scene: Scene): TemplateResult {
  const { view, texts, names, api } = scene;
  const { call } = view;
  if (call === undefined) return html``;
  const isPreview = call.mediaType === "video" && call.local.camera;
  const peer = peerOf(call, view.me);
  const isPlacedGroup = call.isGroup && call.role === "caller";
  return html`<div class="stage ${isPreview ? "dark preview" : "calm"}">
    ${
      isPreview
        ? html`<calling-view class="backdrop" .api=${api} mirror></calling-view>
            <div class="veil"></div>`
        : nothing
    }
    ${head(scene, "")}
    <div class="main face">
      ${
        phaseOf(view) === "incoming"
          ? html`<p class="kicker">${incomingTitle(view, texts)}</p>`
          : nothing
      }
      ${
        isPlacedGroup
          ? crowdOfFaces(scene)
          : html`<div class="halo ringing">${avatar(names.avatar(peer), 112)}</div>
              <h2 class="name">${names.name(peer)}</h2>`
      }
      <p class="status">${statusLine(view, texts, scene.now)}</p>
      ${call.isGroup && !isPlacedGroup ? alsoInvited(scene, peer) : nothing}
    </div>
    ${notices(scene)} ${bar(scene)}
  </div>`;
}

function crowdOfFaces({ view, names, texts }: Scene): TemplateResult {
  const called = others(view);
  return html`<ul class="faces">
      ${called.slice(0, 9).map((it) => html`<li>${avatar(names.avatar(it.user), 64)}</li>`)}
    </ul>
    <h2 class="name">${texts.calls.list(called.map((it) => names.name(it.user)))}</h2>`;
}

function alsoInvited({ view, texts, names }: Scene, peer: string): TemplateResult | typeof nothing {
  const rest = others(view).filter((it) => it.user !== peer);
  if (rest.length === 0) return nothing;
  const isRunning = rest.some((it) => it.state === "connected");
  const list = texts.calls.list(rest.map((it) => names.name(it.user)));
  return html`<div class="also">
    <ul class="faces small">
      ${rest.slice(0, 6).map((it) => html`<li>${avatar(names.avatar(it.user), 36)}</li>`)}
    </ul>
    <p>${isRunning ? texts.inThisCall(list) : texts.alsoInvited(list)}</p>
  </div>`;
}

/** Two voices. */
export function voice(scene: Scene): TemplateResult {
  const { view, texts, names } = scene;
  const { call } = view;
  if (call === undefined) return html``;
  const peer = peerOf(call, view.me);
  const member = call.members.find((it) => it.user === peer);
  const own = call.members.find((it) => it.user === view.me);
  return html`<div class="stage calm">
    ${head(scene, "")}
    <div class="main face">
      <div class="halo" ${vars({ "--level": (member?.volume ?? 0) / 100 })}>
        ${avatar(names.avatar(peer), 112)}
      </div>
      <h2 class="name">${names.name(peer)}</h2>
      <p class="status">
        <span class="time">${statusLine(view, texts, scene.now)}</span>
        ${qualityBars(own?.quality ?? 0, texts)}
      </p>
      ${
        member !== undefined && member.entered && !member.audio
          ? html`<p class="peer-muted">${icons.micOff}<span>${texts.muted}</span></p>`
          : nothing
      }
    </div>
    ${notices(scene)} ${bar(scene)}
  </div>`;
}

/** How it ended. */
export function over(scene: Scene, ended: Ended, groupName: string): TemplateResult {
  const { view, texts, names, act } = scene;
  const { call } = ended;
  const peer = peerOf(call, view.me);
  const mayRepeat = !call.isGroup && ended.elsewhere === undefined;
  const isMissed =
    !(ended.isProvisional ?? false) &&
    call.role === "callee" &&
    ended.durationMs === 0 &&
    ended.elsewhere === undefined;
  return html`<div class="stage calm">
    <div class="main face">
      ${call.isGroup ? groupAvatar(call.groupId ?? call.callId, 96) : avatar(names.avatar(peer), 96)}
      <h2 class="name">${call.isGroup ? groupName || texts.groupCall : names.name(peer)}</h2>
      <p class="status ${isMissed ? "missed" : ""}">${endLine(ended, texts)}</p>
    </div>
    <div class="over">
      ${
        mayRepeat
          ? html`<button class="button" data-control="again" @click=${act.again}>
              ${call.mediaType === "video" ? icons.video : icons.phone} ${texts.callAgain}
            </button>`
          : nothing
      }
      <button
        class="button primary"
        data-control="close"
        @click=${() => act.show({ type: "dismiss" })}
      >
        ${texts.close}
      </button>
    </div>
  </div>`;
}

/** Transient lines, and what keeps one from being heard or from hearing. */
export function notices(scene: Scene): TemplateResult {
  const { view, texts, names, act } = scene;
  const local = view.call?.local;
  return html`<div class="notices">
    ${view.notices.map((it) => html`<p class="notice">${noticeLine(it, texts, (user) => names.name(user))}</p>`)}
    ${
      local?.listenOnly === undefined
        ? nothing
        : html`<p class="notice warning">
            ${icons.warning}<span
              ><b>${texts.listenOnly}.</b> ${problemLine(local.listenOnly, texts)}</span
            >
          </p>`
    }
    ${
      local?.playbackBlocked === true
        ? html`<button class="notice action" @click=${act.playSound} title=${texts.playSoundWhy}>
            ${icons.speaker}<span>${texts.playSound}</span>
          </button>`
        : nothing
    }
    ${
      local?.screen === true
        ? html`<button class="notice action" @click=${act.toggleScreen}>
            ${icons.screen}<span>${texts.sharingSelf}</span><b>${texts.stopSharing}</b>
          </button>`
        : nothing
    }
  </div>`;
}
