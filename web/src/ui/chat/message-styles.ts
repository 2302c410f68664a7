import { css } from "lit";

/** A conversation. */
export const messages = css`
  .messages {
    flex: 1;
    min-height: 0;
    overflow: auto;
    padding: 16px max(16px, calc((100% - 760px) / 2));
    display: flex;
    flex-direction: column;
    gap: 6px;
    overscroll-behavior: contain;
  }
  .messages > :first-child {
    margin-top: auto;
  }
  .messages:focus-visible {
    outline-offset: -3px;
  }
  .earlier {
    align-self: center;
    font-size: 14px;
  }
  .tip {
    align-self: center;
    max-width: 92%;
    padding: 4px 12px;
    font-size: 13px;
    color: var(--quiet);
    text-align: center;
    overflow-wrap: anywhere;
  }
  .tip.time {
    margin-top: 10px;
    font-size: 12px;
    font-variant-numeric: tabular-nums;
  }
  .message {
    display: flex;
    align-items: flex-start;
    gap: 10px;
    max-width: min(85%, 560px);
  }
  .message.own {
    align-self: flex-end;
  }
  .said {
    display: grid;
    justify-items: start;
    gap: 3px;
    min-width: 0;
  }
  .own .said {
    justify-items: end;
  }
  .from {
    font-size: 12px;
    color: var(--quiet);
    padding-left: 4px;
  }
  .bubble {
    max-width: 100%;
    padding: 9px 14px;
    border-radius: 5px 18px 18px 18px;
    background: var(--panel);
    box-shadow: 0 0 0 1px var(--line);
    overflow-wrap: anywhere;
    white-space: pre-wrap;
    line-height: 1.4;
  }
  .own .bubble {
    border-radius: 18px 5px 18px 18px;
    background: var(--own);
    color: #fff;
    box-shadow: none;
  }
  .bubble.pending {
    opacity: 0.72;
  }
  .bubble.call {
    display: inline-flex;
    align-items: center;
    gap: 10px;
    min-height: 44px;
    font-variant-numeric: tabular-nums;
  }
  .bubble.call .icon {
    width: 20px;
    height: 20px;
    color: var(--accent);
  }
  .own .bubble.call {
    flex-direction: row-reverse;
  }
  .own .bubble.call .icon {
    color: inherit;
  }
  .bubble.call:hover {
    filter: brightness(0.97);
  }
  .bubble.call.missed,
  .bubble.call.missed .icon {
    color: var(--bad);
  }
  .recall {
    padding: 0 6px;
    font-size: 12px;
    color: var(--quiet);
    opacity: 0;
    height: 18px;
    margin-bottom: -6px;
    transition: opacity 0.12s;
  }
  .message:hover .recall,
  .message:focus-within .recall,
  .recall:focus-visible {
    opacity: 1;
  }
  @media (hover: none) {
    .recall {
      opacity: 1;
    }
  }
  .failed {
    font-size: 12px;
    color: var(--bad);
  }
  .write {
    display: flex;
    align-items: flex-end;
    gap: 8px;
    padding: 10px max(12px, calc((100% - 760px) / 2)) max(12px, env(safe-area-inset-bottom));
    background: var(--panel);
    border-top: 1px solid var(--line);
  }
  .write textarea {
    resize: none;
    height: 44px;
    max-height: 140px;
    border-radius: 22px;
    line-height: 24px;
    scrollbar-width: none;
  }
  .send {
    width: 44px;
    height: 44px;
    background: var(--accent);
    color: var(--on-accent);
  }
  .send:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 86%, var(--text));
  }
  .banner {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 10px 16px;
    background: var(--soft);
    border-bottom: 1px solid var(--line);
    flex: none;
  }
  .banner > .icon {
    color: var(--accent);
  }
  .banner-text {
    display: grid;
    flex: 1;
    min-width: 0;
    font-size: 14px;
    line-height: 1.35;
  }
  .banner-text b {
    font-weight: 600;
  }
  .banner-faces {
    display: flex;
  }
  .banner-faces .avatar {
    border: 2px solid var(--soft);
    box-sizing: content-box;
  }
  .banner-faces .avatar + .avatar {
    margin-left: -10px;
  }
  @container (max-width: 359px) {
    .banner-faces {
      display: none;
    }
  }
`;
