import { html, nothing, type TemplateResult } from "lit";

import { icons } from "../icons.js";
import { others, peerOf } from "../model/call.js";
import type { Corner } from "../model/layout.js";
import { avatar, groupAvatar } from "../parts/avatar.js";
import { moveByKey, startDrag } from "../parts/drag.js";
import type { Scene } from "./context.js";
import { statusLine } from "./words.js";

/** The call in a corner of the page, while one does something else. */
export function mini(
  scene: Scene,
  groupName: string,
  corner: Corner,
  moved: (corner: Corner) => void,
): TemplateResult {
  const { view, texts, names, act, api } = scene;
  const { call } = view;
  if (call === undefined) return html``;
  const watched =
    others(view).find((it) => it.user === view.speaker && it.camera) ??
    others(view).find((it) => it.camera);
  const name = call.isGroup ? groupName || texts.groupCall : names.name(peerOf(call, view.me));
  const isVideo = call.mediaType === "video" && watched !== undefined;
  const dragged = { corner, moved };
  const page = new DOMRect(0, 0, innerWidth, innerHeight);
  return html`<section
    class="mini ${corner} ${isVideo ? "video" : ""}"
    aria-label=${`${texts.callWindow}: ${name}`}
    @pointerdown=${(event: PointerEvent) => startDrag(event, page, dragged)}
  >
    <button
      class="restore"
      data-control="restore"
      title=${texts.restore}
      @click=${() => act.show({ type: "restore" })}
      @keydown=${(event: KeyboardEvent) => moveByKey(event, dragged)}
    >
      ${
        isVideo
          ? html`<calling-view .api=${api} .user=${watched.user} .size=${"small"}></calling-view>`
          : call.isGroup
            ? groupAvatar(call.groupId ?? call.callId, 40)
            : avatar(names.avatar(peerOf(call, view.me)), 40)
      }
      <span class="hidden-text">${texts.restore}</span>
      <span class="words">
        <b>${name}</b>
        <span class="time">${statusLine(view, texts, scene.now)}</span>
      </span>
    </button>
    <span class="quick">
      ${
        isVideo
          ? nothing
          : html`<button
              class="small-disk ${call.local.micMuted ? "off" : ""}"
              aria-label=${call.local.micMuted ? texts.unmute : texts.mute}
              @click=${act.toggleMic}
            >
              ${call.local.micMuted ? icons.micOff : icons.mic}
            </button>`
      }
      <button class="small-disk stop" aria-label=${texts.hangUp} @click=${act.hangup}>
        ${icons.hangUp}
      </button>
    </span>
  </section>`;
}
