import { html, nothing, type SVGTemplateResult, type TemplateResult } from "lit";

import { icons } from "../icons.js";
import type { DeviceKind, Scene } from "./context.js";

/** What the bar has no place for, and the choice of devices. */
export function morePanel(scene: Scene): TemplateResult {
  const { view, texts, act, devices } = scene;
  const isVideo = view.call?.mediaType === "video";
  const isSharing = view.call?.local.screen === true;
  return menu(scene, texts.more, [
    isVideo && devices.camera.list.length > 1
      ? item(icons.flip, texts.switchCamera, act.flipCamera)
      : nothing,
    isVideo
      ? item(icons.phone, texts.switchToVoice, () => act.switchMedia("audio"))
      : item(
          isSharing ? icons.screenOff : icons.screen,
          isSharing ? texts.stopSharing : texts.shareScreen,
          act.toggleScreen,
        ),
    item(icons.addPerson, texts.invite, () => act.open("invite")),
    choice(scene, "microphone"),
    isVideo ? choice(scene, "camera") : nothing,
    choice(scene, "speaker"),
  ]);
}

/** Where others are heard. */
export function speakerPanel(scene: Scene): TemplateResult {
  return menu(scene, scene.texts.speaker, [choice(scene, "speaker")]);
}

type Part = TemplateResult | typeof nothing;

function menu(scene: Scene, label: string, parts: readonly Part[]): TemplateResult {
  return html`<div class="away" @click=${() => scene.act.open("none")}></div>
    <div class="menu" role="menu" aria-label=${label} @keydown=${moveFocus}>${parts}</div>`;
}

function item(icon: SVGTemplateResult, label: string, act: () => void): TemplateResult {
  return html`<button class="item" role="menuitem" tabindex="-1" @click=${act}>
    ${icon}<span>${label}</span>
  </button>`;
}

/** One of the devices of a kind. */
function choice({ texts, devices, act }: Scene, kind: DeviceKind): TemplateResult {
  const { list, chosen } = devices[kind];
  const heading = texts[kind];
  const named = list.filter((it) => it.id !== "" && it.id !== "default");
  const options = [{ id: "", label: texts.systemChoice }, ...named];
  return html`<div role="group" aria-label=${heading}>
    <p class="heading" aria-hidden="true">${heading}</p>
    ${options.map(
      ({ id, label }, n) =>
        html`<button
          class="item"
          role="menuitemradio"
          tabindex="-1"
          aria-checked=${String(id === chosen)}
          @click=${() => act.choose(kind, id)}
        >
          <span class="tick">${id === chosen ? icons.check : nothing}</span
          ><span>${label === "" ? texts.deviceNumber(heading, n) : label}</span>
        </button>`,
    )}
  </div>`;
}

/** Arrow keys, Home and End, as in every menu. */
function moveFocus(event: KeyboardEvent): void {
  const panel = event.currentTarget as HTMLElement;
  const items = [...panel.querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = items.findIndex((it) => it.matches(":focus"));
  const to = target(event.key, at, items.length);
  if (to === undefined) return;
  event.preventDefault();
  items[to]?.focus();
}

/** Which of `count` items a key leads to from the one at `at`. */
export function target(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case "ArrowDown":
      return (at + 1) % count;
    case "ArrowUp":
      return (at - 1 + count) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}
