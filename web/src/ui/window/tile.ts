import { html, nothing, type TemplateResult } from "lit";

import type { CallMember, VideoSize, VideoTrack } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { isCameraWanted } from "../model/call.js";
import { SPEAKS_FROM } from "../model/speaker.js";
import { avatar } from "../parts/avatar.js";
import { vars } from "../parts/vars.js";
import type { Scene } from "./context.js";
import { qualityBars } from "./head.js";

/** How a tile is shown. */
export interface TileStyle {
  readonly track?: VideoTrack;
  readonly size: VideoSize;
  /** Letters of the avatar, in CSS pixels of its width. */
  readonly face: number;
  readonly isMain?: boolean;
}

/** One person of a group call: picture or avatar, name, microphone, connection. */
export function tile(scene: Scene, member: CallMember, style: TileStyle): TemplateResult {
  const { view, texts, names, act } = scene;
  const { user } = member;
  const isSelf = user === view.me;
  const name = isSelf ? texts.you : names.name(user);
  const isSpeaking = member.state === "connected" && member.volume >= SPEAKS_FROM;
  const isActive = isSpeaking && (isSelf || view.speaker === user);
  const isMuted = isSelf ? (view.call?.local.micMuted ?? false) : member.entered && !member.audio;
  const isPinned = view.pinned === user;
  const facts = [name, isMuted ? texts.muted : "", isActive ? texts.speaking : ""];
  return html`<li
    class="tile ${isActive ? "active" : ""} ${style.isMain === true ? "large" : ""}"
    data-user=${user}
    aria-label=${facts.filter((it) => it !== "").join(", ")}
    ${vars({ "--level": member.volume / 100 })}
  >
    ${picture(scene, member, style)}
    <div class="plate">
      ${isMuted ? html`<span class="muted">${icons.micOff}</span>` : meter()}
      <span class="who">${style.track === "screen" ? texts.screenOf(name) : name}</span>
      ${isSelf ? nothing : qualityBars(member.quality, texts)}
    </div>
    ${
      member.state === "pending"
        ? html`<p class="pending">${member.ringing ? texts.ringing : texts.calling}</p>`
        : nothing
    }
    <button
      class="enlarge"
      aria-label=${isPinned ? texts.reduce : texts.enlarge(name)}
      @click=${() => act.show(isPinned ? { type: "pin" } : { type: "pin", user })}
    ></button>
  </li>`;
}

function picture(
  { view, names, api }: Scene,
  member: CallMember,
  { track = "camera", size, face }: TileStyle,
): TemplateResult {
  const isSelf = member.user === view.me;
  const local = view.call?.local;
  const isOn = isSelf ? local?.[track] === true : member[track];
  const isAsked = isOn || (!isSelf && track === "camera" && isCameraWanted(view, member));
  return html`${
    isAsked
      ? html`<calling-view
          .api=${api}
          .user=${isSelf ? "" : member.user}
          .track=${track}
          .size=${size}
          ?hidden=${!isOn}
          ?contain=${track === "screen"}
          ?mirror=${isSelf && track === "camera"}
        ></calling-view>`
      : nothing
  }
  ${
    isOn
      ? nothing
      : html`<div class="no-picture">
          <div class="halo">${avatar(names.avatar(member.user), face)}</div>
        </div>`
  }`;
}

/** How loud somebody is. */
export function meter(): TemplateResult {
  return html`<span class="meter" aria-hidden="true"><i></i><i></i><i></i></span>`;
}
