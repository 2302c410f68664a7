import { css } from "lit";

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
