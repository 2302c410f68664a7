import { html, nothing, type SVGTemplateResult, type TemplateResult } from "lit";

import { icons } from "../icons.js";
import { phaseOf } from "../model/call.js";
import { vars } from "../parts/vars.js";
import type { Scene } from "./context.js";
import { morePanel, speakerPanel } from "./menu.js";

interface Control {
  readonly name: string;
  readonly icon: SVGTemplateResult;
  /** What a screen reader says, where that is more than the caption. */
  readonly label?: string;
  readonly caption: string;
  readonly act: () => void;
  readonly kind?: "stop" | "go";
  readonly isOff?: boolean;
  readonly isOn?: boolean;
  readonly expanded?: boolean;
  readonly level?: number;
}

/** A round button with its name below. */
function control(it: Control): TemplateResult {
  const { name, icon, caption, label = caption, kind = "", isOff, isOn, expanded } = it;
  return html`<button
    class="control ${kind} ${isOff === true ? "off" : ""} ${isOn === true ? "on" : ""}"
    data-control=${name}
    aria-label=${label}
    aria-expanded=${expanded === undefined ? nothing : String(expanded)}
    aria-haspopup=${expanded === undefined ? nothing : "menu"}
    @click=${it.act}
  >
    <span class="disk" ${vars({ "--level": (it.level ?? 0) / 100 })}>${icon}</span>
    <span class="caption" aria-hidden="true">${caption}</span>
  </button>`;
}

/** The controls at the bottom: those of what the call is at. */
export function bar(scene: Scene): TemplateResult {
  const phase = phaseOf(scene.view);
  const controls =
    phase === "incoming"
      ? incoming(scene)
      : phase === "connected"
        ? talking(scene)
        : waiting(scene);
  return html`<div class="bar ${phase}">
    ${scene.panel === "more" ? morePanel(scene) : nothing}
    ${scene.panel === "speaker" ? speakerPanel(scene) : nothing}
    <div class="controls" role="toolbar" aria-label=${scene.texts.callWindow}>
      ${controls.map(control)}
    </div>
  </div>`;
}

function incoming({ view, texts, act }: Scene): readonly Control[] {
  const isVideo = view.call?.mediaType === "video";
  return [
    { name: "decline", icon: icons.hangUp, caption: texts.decline, act: act.reject, kind: "stop" },
    {
      name: "accept",
      icon: isVideo ? icons.video : icons.phone,
      caption: texts.accept,
      act: act.accept,
      kind: "go",
    },
  ];
}

function waiting(scene: Scene): readonly Control[] {
  const { view, texts, act } = scene;
  const isVideo = view.call?.mediaType === "video";
  const middle: Control[] = isVideo
    ? [
        camera(scene),
        {
          name: "to-voice",
          icon: icons.phone,
          caption: texts.toVoice,
          label: texts.switchToVoice,
          act: () => act.switchMedia("audio"),
        },
      ]
    : [speaker(scene)];
  return [
    microphone(scene),
    ...middle,
    {
      name: "hang-up",
      icon: icons.hangUp,
      caption: texts.cancel,
      act: act.hangup,
      kind: "stop",
    },
  ];
}

function talking(scene: Scene): readonly Control[] {
  const { view, texts, act, panel } = scene;
  const isVideo = view.call?.mediaType === "video";
  const toVideo: Control = {
    name: "to-video",
    icon: icons.video,
    caption: texts.toVideo,
    label: texts.switchToVideo,
    act: () => act.switchMedia("video"),
  };
  const more: Control = {
    name: "more",
    icon: icons.more,
    caption: texts.more,
    act: () => act.open(panel === "more" ? "none" : "more"),
    expanded: panel === "more",
  };
  const media = isVideo ? [camera(scene), share(scene)] : [speaker(scene), toVideo];
  const hangUp: Control = {
    name: "hang-up",
    icon: icons.hangUp,
    caption: texts.hangUp,
    act: act.hangup,
    kind: "stop",
  };
  return [microphone(scene), ...media, more, hangUp];
}

function microphone({ view, texts, act }: Scene): Control {
  const local = view.call?.local;
  const isOff = local?.micMuted === true || local?.listenOnly !== undefined;
  const level = isOff ? 0 : (view.call?.members.find((it) => it.user === view.me)?.volume ?? 0);
  return {
    name: "mic",
    icon: isOff ? icons.micOff : icons.mic,
    caption: isOff ? texts.unmute : texts.mute,
    act: act.toggleMic,
    isOff,
    level,
  };
}

function camera({ view, texts, act }: Scene): Control {
  const isOff = view.call?.local.camera !== true;
  return {
    name: "camera",
    icon: isOff ? icons.videoOff : icons.video,
    caption: texts.camera,
    label: isOff ? texts.cameraOn : texts.cameraOff,
    act: act.toggleCamera,
    isOff,
  };
}

function share({ view, texts, act }: Scene): Control {
  const isOn = view.call?.local.screen === true;
  return {
    name: "share",
    icon: isOn ? icons.screenOff : icons.screen,
    caption: isOn ? texts.stop : texts.share,
    label: isOn ? texts.stopSharing : texts.shareScreen,
    act: act.toggleScreen,
    isOn,
  };
}

function speaker({ texts, act, panel }: Scene): Control {
  return {
    name: "speaker",
    icon: icons.speaker,
    caption: texts.speaker,
    act: () => act.open(panel === "speaker" ? "none" : "speaker"),
    expanded: panel === "speaker",
  };
}
