import { css } from "lit";

/** The page around chat and window. */
export const pageStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
    background: var(--ground);
  }
  .top {
    display: flex;
    align-items: center;
    gap: 4px;
    min-height: 52px;
    padding: 4px 12px 4px 16px;
    flex: none;
    background: var(--panel);
    border-bottom: 1px solid var(--line);
  }
  .top.plain {
    background: none;
    border-bottom-color: transparent;
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 10px;
    flex: 1;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  .brand .logo {
    width: 26px;
    height: 26px;
  }
  .choose {
    position: relative;
    display: inline-flex;
    align-items: center;
  }
  .choose .icon {
    position: absolute;
    left: 10px;
    width: 18px;
    height: 18px;
    pointer-events: none;
    color: var(--quiet);
  }
  .choose select {
    appearance: none;
    width: auto;
    min-height: 38px;
    padding: 6px 12px 6px 34px;
    font-size: 14px;
    border-color: transparent;
    background: none;
    cursor: pointer;
  }
  .choose select:hover {
    background: var(--hover);
  }
  .choose option {
    color: var(--text);
    background: var(--panel);
  }
  calling-chat {
    flex: 1;
    min-height: 0;
  }
  .sign-in {
    flex: 1;
    overflow: auto;
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 18px;
    padding: clamp(12px, 5vh, 56px) 16px 32px;
  }
  .sign-in > * {
    width: min(420px, 100%);
    flex: none;
  }
  .hero {
    display: grid;
    justify-items: center;
    gap: 6px;
    text-align: center;
    margin-bottom: 8px;
    color: var(--quiet);
  }
  .hero .logo {
    width: 68px;
    height: 68px;
    filter: drop-shadow(0 8px 20px rgb(16 121 90 / 32%));
  }
  .hero h1 {
    margin-top: 14px;
    font-size: 30px;
    font-weight: 700;
    letter-spacing: -0.025em;
    color: var(--text);
  }
  .card {
    border-radius: 20px;
    background: var(--panel);
    box-shadow:
      0 0 0 1px var(--line),
      0 8px 30px rgb(0 0 0 / 5%);
    padding: 10px;
  }
  .card h2,
  summary {
    padding: 10px 12px;
    font-size: 14px;
    font-weight: 600;
    color: var(--quiet);
  }
  summary {
    cursor: pointer;
    border-radius: 12px;
  }
  .account {
    display: flex;
    align-items: center;
    gap: 14px;
    width: 100%;
    padding: 9px 12px;
    border-radius: 14px;
    font-weight: 550;
    transition: background 0.12s;
  }
  .account > span:nth-child(2) {
    flex: 1;
    overflow-wrap: anywhere;
  }
  .account .icon {
    width: 18px;
    height: 18px;
    color: var(--quiet);
  }
  .account:hover:not(:disabled) {
    background: var(--hover);
  }
  .hint {
    margin: 8px 2px 2px;
    padding: 12px;
    border-radius: 12px;
    background: var(--soft);
    font-size: 14px;
    line-height: 1.45;
  }
  .sign-in form {
    display: grid;
    gap: 14px;
    padding: 6px 12px 10px;
  }
  .sign-in textarea {
    font:
      13px/1.4 ui-monospace,
      monospace;
    resize: vertical;
    color: var(--text);
  }
  /* The small window lies above the line one writes in. */
  calling-window {
    --calling-mini-bottom: 88px;
  }
  .error {
    padding: 12px 16px;
    border-radius: 14px;
    font-size: 14px;
    background: light-dark(#fdeceb, #3b1715);
    color: light-dark(#8c1d18, #ffdad6);
    overflow-wrap: anywhere;
  }
  @media (max-width: 480px) {
    .top .name-only {
      display: none;
    }
  }
`;
