import { css } from "lit";

/** Buttons, fields and avatars of both components. */
export const controls = css`
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    padding: 0;
    margin: 0;
    cursor: pointer;
    border-radius: 10px;
    text-align: inherit;
  }
  button:disabled {
    cursor: default;
    opacity: 0.5;
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 40px;
    padding: 8px 18px;
    border-radius: 999px;
    background: var(--soft);
    color: var(--accent);
    font-weight: 550;
    font-size: 15px;
    line-height: 1.2;
    text-align: center;
    transition: background 0.15s;
  }
  .button .icon {
    width: 18px;
    height: 18px;
  }
  .button:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 18%, var(--soft));
  }
  .button.primary {
    background: var(--accent);
    color: var(--on-accent);
  }
  .button.primary:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 86%, var(--text));
  }
  .button.plain {
    background: none;
  }
  .icon-button {
    display: inline-grid;
    place-items: center;
    width: 40px;
    height: 40px;
    flex: none;
    border-radius: 50%;
    color: var(--text);
    transition: background 0.15s;
  }
  .icon-button .icon {
    width: 22px;
    height: 22px;
  }
  .icon-button:hover:not(:disabled) {
    background: var(--hover);
  }
  .icon-button.accent {
    color: var(--accent);
  }
  input,
  textarea,
  select {
    width: 100%;
    min-width: 0;
    min-height: 42px;
    padding: 9px 14px;
    font: inherit;
    color: var(--text);
    background: var(--ground);
    border: 1px solid var(--line);
    border-radius: 12px;
    transition: border-color 0.15s;
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--quiet);
    opacity: 1;
  }
  input:focus-visible,
  textarea:focus-visible,
  select:focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: -1px;
    border-color: transparent;
  }
  label.field {
    display: grid;
    gap: 6px;
    font-size: 14px;
    color: var(--quiet);
  }
  label.field input {
    font-size: 16px;
    color: var(--text);
  }
  .avatar {
    display: inline-grid;
    place-items: center;
    flex: none;
    width: var(--size, 44px);
    height: var(--size, 44px);
    border-radius: 50%;
    overflow: hidden;
    background: linear-gradient(
      160deg,
      color-mix(in srgb, var(--avatar, #0c6b53) 86%, #fff),
      var(--avatar, #0c6b53) 55%
    );
    background: var(--avatar, #0c6b53);
    color: #fff;
    font-weight: 600;
    font-size: calc(var(--size, 44px) * 0.38);
    line-height: 1;
    letter-spacing: 0.01em;
    user-select: none;
  }
  .avatar.group {
    border-radius: 30%;
  }
  .avatar .icon {
    width: 56%;
    height: 56%;
  }
  .avatar img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  .quiet {
    color: var(--quiet);
  }
`;
