import { css } from "lit";

/**
 * Colours, spaces and shapes of both components. `light-dark()` follows `color-scheme`, which the
 * attribute `theme` fixes, so that a part of a page may be dark by one declaration.
 */
export const tokens = css`
  :host {
    color-scheme: light dark;
    --ground: light-dark(#f3f6f4, #0e1311);
    --panel: light-dark(#ffffff, #161c19);
    --raised: light-dark(#ffffff, #1f2723);
    --hover: light-dark(#edf2ef, #202825);
    --line: light-dark(#e1e7e4, #29322e);
    --text: light-dark(#14201b, #e8eeeb);
    --quiet: light-dark(#55635c, #9fada6);
    --accent: light-dark(#0c6b53, #62d2ae);
    --on-accent: light-dark(#ffffff, #06251b);
    --soft: light-dark(#e2f1eb, #1b3129);
    --own: light-dark(#0c6b53, #12624c);
    --bad: light-dark(#b3261e, #ff9b92);
    --stop: #cf332c;
    --go: #10795a;
    --scrim: light-dark(rgb(18 28 24 / 42%), rgb(0 0 0 / 62%));
    --shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 12px 40px rgb(0 0 0 / 16%);
    --radius: 14px;
    --font:
      system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "PingFang TC",
      "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
    font: 400 16px/1.45 var(--font);
    color: var(--text);
    -webkit-tap-highlight-color: transparent;
  }
  :host([theme="light"]) {
    color-scheme: light;
  }
  :host([theme="dark"]) {
    color-scheme: dark;
  }
  :host(:lang(zh-Hant)) {
    --font:
      system-ui, -apple-system, "PingFang TC", "Noto Sans CJK TC", "Microsoft JhengHei", sans-serif;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol {
    margin: 0;
    padding: 0;
    font: inherit;
  }
  ul,
  ol {
    list-style: none;
  }
  .icon {
    width: 1.5em;
    height: 1.5em;
    flex: none;
    display: block;
  }
  .hidden-text {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 1ms !important;
      animation-iteration-count: 1 !important;
      transition: none !important;
      scroll-behavior: auto !important;
    }
  }
`;
