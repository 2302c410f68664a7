import { css } from "lit";

/** Pictures: of two, of several, and the small window. */
export const pictures = css`
  .backdrop,
  .backdrop > * {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  /* A shared screen has something to read at its edges, too. */
  .backdrop.whole {
    inset: 64px 0 118px;
    height: auto;
  }
  .backdrop.whole + .veil {
    display: none;
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
    width: clamp(92px, min(24%, 34dvh), 216px);
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
  @media (min-width: 641px), (orientation: landscape) {
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
    container-type: inline-size;
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
  /* Where there is little room it is the name's; a bad connection is worth telling all the same. */
  @container (max-width: 112px) {
    .plate {
      left: 5px;
      bottom: 5px;
      max-width: calc(100% - 10px);
      gap: 4px;
      padding: 2px 7px 2px 5px;
      font-size: 12px;
      line-height: 16px;
    }
    .plate .quality:not(.poor) {
      display: none;
    }
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
  .crowd .notices {
    position: absolute;
    inset: auto 0 118px;
    pointer-events: none;
  }
  .crowd .notices > * {
    pointer-events: auto;
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
  .to-speaker {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-width: 0;
    padding: 4px 12px 4px 9px;
    border-radius: 999px;
    background: rgb(255 255 255 / 9%);
    color: #fff;
  }
  .to-speaker:hover {
    background: rgb(255 255 255 / 16%);
  }
  .to-speaker .who {
    max-width: 130px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
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
    bottom: var(--calling-mini-bottom, 16px);
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
