import { css } from "lit";

/**
 * What lies behind everything. Adopted by a script, and not linked: a style sheet in the head would
 * have the first paint wait for another request.
 */
const ground = css`
  :root {
    color-scheme: light dark;
    --ground: light-dark(#f3f6f4, #0e1311);
    --text: light-dark(#14201b, #e8eeeb);
  }
  :root[data-theme="light"] {
    color-scheme: light;
  }
  :root[data-theme="dark"] {
    color-scheme: dark;
  }
  html,
  body {
    height: 100%;
    margin: 0;
    background: var(--ground);
    color: var(--text);
  }
`;

export function adoptStyles(page: Document): void {
  const { styleSheet } = ground;
  if (styleSheet !== undefined) page.adoptedStyleSheets.push(styleSheet);
}
