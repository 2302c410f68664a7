import { html, nothing, type TemplateResult } from "lit";

import type { CallMember } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { isCameraWanted, peerOf } from "../model/call.js";
import type { Corner } from "../model/layout.js";
import { avatar } from "../parts/avatar.js";
import { moveByKey, startDrag } from "../parts/drag.js";
import { vars } from "../parts/vars.js";
import { bar } from "./bar.js";
import type { Scene } from "./context.js";
import { head } from "./head.js";
import { notices } from "./simple.js";

/** Two who see each other: one fills the stage, the other lies in a corner and can be moved. */
export function pair(
  scene: Scene,
  corner: Corner,
  moved: (corner: Corner) => void,
): TemplateResult {
  const { view, texts, names, act } = scene;
  const { call } = view;
  if (call === undefined) return html``;
  const peer = call.members.find((it) => it.user === peerOf(call, view.me));
  const own = call.members.find((it) => it.user === view.me);
  const [large, small] = view.swapped ? [own, peer] : [peer, own];
  const dragged = { corner, moved };
  const isWhole = large?.screen === true && large.user !== view.me;
  return html`<div class="stage dark pair">
    <div class="backdrop ${isWhole ? "whole" : ""}">${large === undefined ? nothing : side(scene, large, true)}</div>
    <div class="veil"></div>
    ${head(scene, names.name(peer?.user ?? ""))}
    <div class="main"></div>
    ${
      small === undefined
        ? nothing
        : html`<button
            class="corner ${corner}"
            title=${texts.swapViews}
            @click=${() => act.show({ type: "swap" })}
            @pointerdown=${(event: PointerEvent) => startDrag(event, stageOf(event), dragged)}
            @keydown=${(event: KeyboardEvent) => moveByKey(event, dragged)}
          >
            <span class="hidden-text"
              >${view.swapped ? names.name(small.user) : texts.selfView} ${texts.swapViews}</span
            >
            ${side(scene, small, false)}
          </button>`
    }
    ${notices(scene)} ${bar(scene)}
  </div>`;
}

function stageOf({ currentTarget }: Event): DOMRect {
  const stage = (currentTarget as HTMLElement).closest(".stage") ?? document.documentElement;
  return stage.getBoundingClientRect();
}

function side(
  { view, names, api, texts }: Scene,
  member: CallMember,
  isLarge: boolean,
): TemplateResult {
  const isSelf = member.user === view.me;
  const local = view.call?.local;
  const isSharing = !isSelf && member.screen;
  const hasCamera = isSelf ? local?.camera === true : member.camera;
  const isAsked = isSelf ? hasCamera : isCameraWanted(view, member);
  const size = isLarge ? "large" : "small";
  const isBare = !isSharing && !hasCamera;
  return html`${
    isAsked
      ? html`<calling-view
          .api=${api}
          .user=${isSelf ? "" : member.user}
          .size=${size}
          ?hidden=${isSharing || isBare}
          ?mirror=${isSelf}
        ></calling-view>`
      : nothing
  }
  ${
    isSharing
      ? html`<calling-view
          .api=${api}
          .user=${member.user}
          .track=${"screen"}
          .size=${size}
          contain
        ></calling-view>`
      : nothing
  }
  ${
    isBare
      ? html`<div class="no-picture">
          <div class="halo" ${vars({ "--level": member.volume / 100 })}>
            ${avatar(names.avatar(member.user), isLarge ? 112 : 48)}
          </div>
          ${
            isSelf || member.audio || !isLarge || !member.entered
              ? nothing
              : html`<p class="peer-muted">${icons.micOff}<span>${texts.muted}</span></p>`
          }
        </div>`
      : nothing
  }`;
}
