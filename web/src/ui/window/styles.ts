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
    gap: 0 5px;
    margin: 0;
  }
  .status {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 4px 8px;
    text-wrap: balance;
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
