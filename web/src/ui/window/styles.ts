import { css } from "lit";

/** The call window: the frame, and the screens with one face. */
export const frame = css`
  :host {
    display: contents;
  }
  dialog.window {
    position: fixed;
    inset: 0;
    margin: auto;
    padding: 0;
    border: 0;
    overflow: hidden;
    background: none;
    color: var(--text);
    border-radius: 24px;
    box-shadow: var(--shadow);
    max-width: none;
    max-height: none;
    width: min(400px, calc(100vw - 32px));
    height: min(680px, calc(100dvh - 32px));
  }
  dialog.window.wide {
    width: min(1120px, calc(100vw - 48px));
    height: min(720px, calc(100dvh - 48px));
  }
  dialog.window[open] {
    animation: appear 0.2s ease-out;
  }
  dialog.window::backdrop {
    background: var(--scrim);
    backdrop-filter: blur(3px);
  }
  @media (max-width: 640px), (max-height: 520px) {
    dialog.window,
    dialog.window.wide {
      width: 100vw;
      height: 100dvh;
      border-radius: 0;
    }
    .wide-only {
      display: none;
    }
  }
  @keyframes appear {
    from {
      opacity: 0;
      transform: scale(0.97);
    }
  }
  .screen {
    width: 100%;
    height: 100%;
    outline: none;
  }
  @media (max-width: 360px) {
    .count {
      display: none;
    }
  }
  .stage {
    position: relative;
    display: flex;
    flex-direction: column;
    width: 100%;
    height: 100%;
    overflow: hidden;
    color: var(--text);
    outline: none;
  }
  .stage.calm {
    background:
      radial-gradient(120% 70% at 50% 0%, light-dark(#d6ece3, #17372d) 0%, transparent 70%),
      light-dark(#f7faf8, #0f1613);
  }
  .stage.dark {
    color-scheme: dark;
    background: #0d1210;
  }
  .head {
    position: relative;
    z-index: 2;
    display: grid;
    grid-template-columns: minmax(44px, 1fr) minmax(0, auto) minmax(44px, 1fr);
    align-items: center;
    gap: 8px;
    min-height: 64px;
    padding: 10px 12px;
    flex: none;
  }
  .head .right {
    display: flex;
    justify-content: flex-end;
  }
  .head .icon-button:hover {
    background: color-mix(in srgb, var(--text) 12%, transparent);
  }
  .title {
    min-width: 0;
    text-align: center;
  }
  .title h2 {
    font-size: 16px;
    font-weight: 600;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .title .status {
    font-size: 13px;
    gap: 5px;
    margin: 0;
    white-space: nowrap;
  }
  .status {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    color: var(--quiet);
    text-align: center;
  }
  .status.missed {
    color: var(--bad);
  }
  .time {
    font-variant-numeric: tabular-nums;
  }
  .stage.dark .status,
  .stage.dark .count {
    color: #c3cec9;
  }
  .quality {
    display: inline-flex;
    color: light-dark(#10795a, #62d2ae);
  }
  .quality.fair {
    color: light-dark(#8a5a00, #f0c163);
  }
  .quality.poor {
    color: var(--bad);
  }
  .quality .unlit {
    opacity: 0.25;
  }
  .main {
    position: relative;
    flex: 1;
    min-height: 0;
    min-width: 0;
  }
  .face {
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 10px;
    padding: 0 24px 24px;
    text-align: center;
    z-index: 1;
  }
  .face .kicker {
    font-size: 14px;
    font-weight: 550;
    color: var(--accent);
    margin-bottom: 18px;
  }
  .name {
    font-size: 24px;
    font-weight: 600;
    line-height: 1.25;
    letter-spacing: -0.01em;
    max-width: 100%;
    overflow-wrap: anywhere;
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    overflow: hidden;
  }
  .face > .name {
    margin-top: 14px;
  }
  .halo {
    position: relative;
    display: grid;
    border-radius: 50%;
    box-shadow: 0 0 0 calc(var(--level, 0) * 16px)
      color-mix(in srgb, var(--accent) 30%, transparent);
    transition: box-shadow 0.12s;
  }
  .halo.ringing::before,
  .halo.ringing::after {
    content: "";
    position: absolute;
    inset: 0;
    border-radius: 50%;
    border: 2px solid var(--accent);
    opacity: 0;
    animation: ripple 2.4s ease-out infinite;
  }
  .halo.ringing::after {
    animation-delay: 1.2s;
  }
  @keyframes ripple {
    0% {
      transform: scale(1);
      opacity: 0.5;
    }
    100% {
      transform: scale(1.55);
      opacity: 0;
    }
  }
  .peer-muted {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding: 4px 12px 4px 8px;
    border-radius: 999px;
    font-size: 13px;
    color: var(--quiet);
    background: color-mix(in srgb, var(--text) 8%, transparent);
  }
  .peer-muted .icon {
    width: 16px;
    height: 16px;
  }
  .faces {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 10px;
    max-width: 260px;
  }
  .faces.small {
    gap: 0;
  }
  .faces.small li + li {
    margin-left: -8px;
  }
  .faces.small .avatar {
    border: 2px solid light-dark(#f7faf8, #0f1613);
  }
  .also {
    display: grid;
    justify-items: center;
    gap: 8px;
    margin-top: 20px;
    font-size: 14px;
    color: var(--quiet);
  }
  .over {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 12px;
    padding: 20px 20px max(36px, env(safe-area-inset-bottom));
  }
  .over .button {
    min-width: 128px;
    min-height: 46px;
  }
`;

/** The controls and what is open above them. */
export const controlBar = css`
  .bar {
    position: relative;
    z-index: 3;
    flex: none;
    padding: 12px 8px max(20px, env(safe-area-inset-bottom));
  }
  .controls {
    display: flex;
    justify-content: center;
    gap: clamp(2px, 1.6vw, 14px);
  }
  .bar.incoming .controls {
    justify-content: space-evenly;
    max-width: 420px;
    margin: 0 auto;
  }
  .bar.incoming,
  .bar.outgoing {
    padding-bottom: max(36px, env(safe-area-inset-bottom));
  }
  .control {
    display: grid;
    justify-items: center;
    gap: 7px;
    min-width: 0;
    flex: 0 1 76px;
    border-radius: 14px;
    padding: 4px 0;
  }
  .control:focus-visible {
    outline: none;
  }
  .control:focus-visible .disk {
    outline: 3px solid var(--accent);
    outline-offset: 3px;
  }
  .disk {
    position: relative;
    display: grid;
    place-items: center;
    width: 54px;
    height: 54px;
    border-radius: 50%;
    background: light-dark(#fff, rgb(255 255 255 / 13%));
    color: var(--text);
    box-shadow:
      0 0 0 calc(var(--level, 0) * 8px) color-mix(in srgb, var(--accent) 35%, transparent),
      0 1px 3px light-dark(rgb(20 60 45 / 14%), transparent);
    transition:
      background 0.15s,
      box-shadow 0.12s;
  }
  .stage.dark .disk {
    backdrop-filter: blur(10px);
  }
  .control:hover .disk {
    background: light-dark(#eaf3ef, rgb(255 255 255 / 22%));
  }
  .control.off .disk,
  .control.on .disk {
    background: light-dark(#17211d, #f2f5f4);
    color: light-dark(#fff, #14201b);
  }
  .control.on .disk {
    background: var(--accent);
    color: var(--on-accent);
  }
  .control.stop .disk,
  .control.go .disk {
    color: #fff;
  }
  .control.stop .disk {
    background: var(--stop);
  }
  .control.go .disk {
    background: var(--go);
  }
  .control.stop:hover .disk {
    background: #b92a24;
  }
  .control.go:hover .disk {
    background: #0c6349;
  }
  .bar.incoming .disk {
    width: 68px;
    height: 68px;
  }
  .bar.incoming .disk .icon {
    width: 30px;
    height: 30px;
  }
  .control.stop .disk .icon {
    width: 28px;
    height: 28px;
  }
  .caption {
    font-size: 12px;
    line-height: 1.3;
    max-width: 100%;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    color: var(--quiet);
  }
  .stage.dark .caption {
    color: #dbe3df;
  }
  .bar.incoming .caption {
    font-size: 14px;
  }
  .away {
    position: fixed;
    inset: 0;
    z-index: 1;
  }
  .menu {
    position: absolute;
    z-index: 2;
    bottom: calc(100% + 4px);
    left: 50%;
    translate: -50% 0;
    width: min(300px, calc(100% - 24px));
    max-height: min(440px, 60dvh);
    overflow: auto;
    padding: 8px;
    border-radius: 18px;
    background: var(--raised);
    color: var(--text);
    box-shadow:
      0 0 0 1px var(--line),
      var(--shadow);
    animation: appear 0.14s ease-out;
  }
  .menu .heading {
    padding: 10px 12px 4px;
    font-size: 12px;
    font-weight: 600;
    color: var(--quiet);
  }
  .item {
    display: flex;
    align-items: center;
    gap: 12px;
    width: 100%;
    min-height: 42px;
    padding: 8px 12px;
    border-radius: 10px;
    font-size: 15px;
    line-height: 1.25;
  }
  .item span:last-child {
    overflow-wrap: anywhere;
  }
  .item .icon,
  .tick {
    width: 20px;
    height: 20px;
    flex: none;
  }
  .tick {
    color: var(--accent);
  }
  .item:hover,
  .item:focus-visible {
    background: var(--hover);
  }
  .notices {
    position: relative;
    z-index: 2;
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 6px;
    padding: 0 16px;
  }
  .notice {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    max-width: 100%;
    padding: 7px 14px;
    border-radius: 16px;
    font-size: 14px;
    line-height: 1.35;
    overflow-wrap: anywhere;
    background: light-dark(rgb(255 255 255 / 92%), rgb(38 48 43 / 92%));
    box-shadow: 0 1px 4px rgb(0 0 0 / 12%);
    animation: appear 0.16s ease-out;
  }
  .notice.warning {
    background: light-dark(#fff3dc, #3a2f17);
    color: light-dark(#5c3c00, #ffdf9e);
    text-align: start;
    max-width: 520px;
  }
  .notice.action b {
    color: var(--accent);
    font-weight: 600;
  }
  .notice .icon {
    width: 18px;
    height: 18px;
  }
`;

/** Pictures: of two, of several, and the small window. */
export const pictures = css`
  .backdrop,
  .backdrop > * {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .veil {
    position: absolute;
    inset: 0;
    z-index: 1;
    pointer-events: none;
    background:
      linear-gradient(rgb(0 0 0 / 60%), transparent 120px),
      linear-gradient(transparent calc(100% - 190px), rgb(0 0 0 / 68%));
  }
  .stage.preview .veil {
    background: rgb(6 12 10 / 62%);
  }
  .no-picture {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 14px;
    background: radial-gradient(90% 90% at 50% 20%, #1f2c27, #131a17);
  }
  .corner {
    position: absolute;
    z-index: 3;
    width: clamp(92px, 24%, 216px);
    aspect-ratio: 3 / 4;
    overflow: hidden;
    border-radius: 16px;
    box-shadow:
      0 0 0 1px rgb(255 255 255 / 16%),
      0 8px 24px rgb(0 0 0 / 40%);
    cursor: grab;
    touch-action: none;
    translate: var(--dx, 0) var(--dy, 0);
    transition: translate 0.15s;
  }
  @media (min-width: 641px) and (min-height: 521px) {
    .corner {
      aspect-ratio: 4 / 3;
    }
  }
  .dragged {
    cursor: grabbing;
    transition: none !important;
  }
  .corner > * {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .top-left,
  .top-right {
    top: 72px;
  }
  .bottom-left,
  .bottom-right {
    bottom: 124px;
  }
  .top-left,
  .bottom-left {
    left: 14px;
  }
  .top-right,
  .bottom-right {
    right: 14px;
  }
  .grid-area,
  .focus-area {
    display: flex;
    flex-direction: column;
    gap: 8px;
    padding: 0 10px 4px;
  }
  .grid {
    flex: 1;
    min-height: 0;
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 8px;
  }
  .tile {
    --gap: 8px;
    position: relative;
    overflow: hidden;
    border-radius: 14px;
    background: #18211d;
    width: calc((100% - (var(--columns) - 1) * var(--gap)) / var(--columns));
    height: calc((100% - (var(--rows) - 1) * var(--gap)) / var(--rows));
  }
  .tile::after {
    content: "";
    position: absolute;
    inset: 0;
    border-radius: inherit;
    pointer-events: none;
    box-shadow: inset 0 0 0 1px rgb(255 255 255 / 7%);
    transition: box-shadow 0.15s;
  }
  .tile.active::after {
    box-shadow: inset 0 0 0 3px #3fbf95;
  }
  .tile calling-view {
    position: absolute;
    inset: 0;
  }
  .plate {
    position: absolute;
    left: 8px;
    bottom: 8px;
    max-width: calc(100% - 16px);
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding: 3px 9px 3px 7px;
    border-radius: 999px;
    background: rgb(8 14 11 / 66%);
    color: #fff;
    font-size: 13px;
    line-height: 18px;
  }
  .plate .who {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .plate .muted {
    color: #ffb4ad;
  }
  .plate .icon {
    width: 15px;
    height: 15px;
  }
  .plate .quality svg {
    width: 15px;
    height: 12px;
  }
  .meter {
    display: inline-flex;
    align-items: center;
    gap: 2px;
    width: 14px;
    height: 14px;
    justify-content: center;
    color: #74dcb9;
  }
  .meter i {
    width: 3px;
    border-radius: 2px;
    background: currentColor;
    height: calc(3px + var(--level, 0) * 9px);
    transition: height 0.12s;
  }
  .meter i:nth-child(2) {
    height: calc(3px + min(1, var(--level, 0) * 1.5) * 11px);
  }
  .pending {
    position: absolute;
    inset: 8px auto auto 8px;
    padding: 2px 10px;
    border-radius: 999px;
    background: rgb(8 14 11 / 66%);
    color: #fff;
    font-size: 12px;
  }
  .enlarge {
    position: absolute;
    inset: 0;
    border-radius: inherit;
    width: 100%;
    height: 100%;
  }
  .enlarge:focus-visible {
    outline: 3px solid #62d2ae;
    outline-offset: -5px;
  }
  .pager {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 12px;
    font-size: 13px;
    font-variant-numeric: tabular-nums;
    color: #c3cec9;
  }
  .pager .icon-button {
    width: 32px;
    height: 32px;
  }
  .spotlight {
    flex: 1;
    min-height: 0;
    --columns: 1;
    --rows: 1;
  }
  .strip {
    display: flex;
    gap: 8px;
    height: clamp(84px, 18%, 128px);
    flex: none;
    overflow-x: auto;
    scrollbar-width: none;
  }
  .strip .tile {
    height: 100%;
    width: auto;
    aspect-ratio: 4 / 3;
    flex: none;
  }
  .strip .tile:first-child {
    margin-left: auto;
  }
  .strip .tile:last-child {
    margin-right: auto;
  }
  .mini {
    position: fixed;
    z-index: 2147483000;
    display: flex;
    align-items: center;
    gap: 4px;
    max-width: calc(100vw - 24px);
    padding: 8px 10px 8px 8px;
    border-radius: 999px;
    background: var(--raised);
    color: var(--text);
    box-shadow:
      0 0 0 1px var(--line),
      var(--shadow);
    translate: var(--dx, 0) var(--dy, 0);
    transition: translate 0.15s;
    touch-action: none;
    user-select: none;
    cursor: grab;
    animation: appear 0.18s ease-out;
  }
  .mini.top-left,
  .mini.top-right {
    top: 16px;
  }
  .mini.bottom-left,
  .mini.bottom-right {
    bottom: 16px;
  }
  .mini .restore {
    display: flex;
    align-items: center;
    gap: 10px;
    min-width: 0;
    padding-right: 8px;
    border-radius: 999px;
    cursor: inherit;
  }
  .mini .words {
    display: grid;
    min-width: 0;
    font-size: 14px;
    line-height: 1.3;
  }
  .mini .words b {
    max-width: 130px;
    font-weight: 600;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .mini .words .time {
    font-size: 13px;
    color: var(--accent);
  }
  .small-disk {
    display: grid;
    place-items: center;
    width: 38px;
    height: 38px;
    flex: none;
    border-radius: 50%;
    background: var(--hover);
  }
  .small-disk .icon {
    width: 20px;
    height: 20px;
  }
  .small-disk.off {
    background: var(--text);
    color: var(--panel);
  }
  .small-disk.stop {
    background: var(--stop);
    color: #fff;
  }
  .quick {
    display: flex;
    gap: 6px;
  }
  .mini.video {
    color-scheme: dark;
    width: 136px;
    height: 182px;
    padding: 0;
    border-radius: 18px;
    overflow: hidden;
    background: #0d1210;
  }
  .mini.video .restore {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    padding: 0;
    border-radius: inherit;
  }
  .mini.video .restore:focus-visible {
    outline-offset: -4px;
  }
  .mini.video calling-view {
    position: absolute;
    inset: 0;
  }
  .mini.video .words {
    position: absolute;
    inset: auto 0 0 0;
    padding: 24px 52px 9px 11px;
    background: linear-gradient(transparent, rgb(0 0 0 / 76%));
    color: #fff;
    font-size: 13px;
    text-align: start;
  }
  .mini.video .words .time {
    color: #d9e5e0;
    font-size: 12px;
  }
  .mini.video .quick {
    position: absolute;
    right: 8px;
    bottom: 8px;
  }
`;
