import { html, nothing, svg, type TemplateResult } from "lit";

import type { NetworkQuality } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { mayMinimize, others, phaseOf } from "../model/call.js";
import type { Texts } from "../texts/index.js";
import type { Scene } from "./context.js";
import { statusLine } from "./words.js";

/** How many of four bars stand for a quality. */
const BARS = [0, 4, 3, 2, 1, 1, 0] as const;

/** How good a connection is, by bars; nothing while it is not measured. */
export function qualityBars(
  quality: NetworkQuality,
  texts: Texts,
): TemplateResult | typeof nothing {
  if (quality === 0) return nothing;
  const lit = BARS[quality];
  const bars = [0, 1, 2, 3].map(
    (n) => svg`<rect x=${1 + n * 5} y=${11 - n * 3.2} width="3.2" height=${4 + n * 3.2} rx="1"
      class=${n < lit ? "lit" : "unlit"} fill="currentColor"></rect>`,
  );
  const kind = quality <= 2 ? "good" : quality === 3 ? "fair" : "poor";
  const label = texts.quality[quality] ?? "";
  return html`<span class="quality ${kind}" role="img" aria-label=${label} title=${label}
    ><svg viewBox="0 0 21 16" width="21" height="16">${bars}</svg></span
  >`;
}

/** The line at the top: small window, name and time, people, full screen. */
export function head(scene: Scene, title: string): TemplateResult {
  const { view, texts, act, isFullScreen } = scene;
  const { call } = view;
  const isTalking = phaseOf(view) === "connected";
  const quality = call?.members.find((it) => it.user === view.me)?.quality ?? 0;
  return html`<div class="head">
    ${
      mayMinimize(view)
        ? html`<button
            class="icon-button"
            aria-label=${texts.minimize}
            title=${texts.minimize}
            @click=${() => act.show({ type: "minimize" })}
          >
            ${icons.shrink}
          </button>`
        : html`<span class="filler"></span>`
    }
    <div class="title">
      ${
        title === ""
          ? nothing
          : html`<h2>${title}</h2>
              <p class="status">
                <span class="time">${statusLine(view, texts, scene.now)}</span>
                ${
                  call?.isGroup === true && isTalking
                    ? html`<span class="count">· ${texts.calls.inCall(talking(scene))}</span>`
                    : nothing
                }
                ${isTalking ? qualityBars(quality, texts) : nothing}
              </p>`
      }
    </div>
    <div class="right">
      ${isTalking ? inviteButton(scene) : nothing}
      ${
        document.fullscreenEnabled && isTalking
          ? html`<button
              class="icon-button wide-only"
              aria-label=${isFullScreen ? texts.leaveFullScreen : texts.fullScreen}
              title=${isFullScreen ? texts.leaveFullScreen : texts.fullScreen}
              @click=${act.fullScreen}
            >
              ${isFullScreen ? icons.contract : icons.expand}
            </button>`
          : nothing
      }
    </div>
  </div>`;
}

function inviteButton({ texts, act }: Scene): TemplateResult {
  return html`<button
    class="icon-button"
    aria-label=${texts.invite}
    title=${texts.invite}
    @click=${() => act.open("invite")}
  >
    ${icons.addPerson}
  </button>`;
}

function talking({ view }: Scene): number {
  return 1 + others(view).filter((it) => it.state === "connected").length;
}
