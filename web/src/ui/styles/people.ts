import { css } from "lit";

/** Forms in which people are chosen. */
export const people = css`
  form.people {
    display: grid;
    gap: 14px;
    color: var(--text);
  }
  .tick-list {
    display: grid;
    gap: 2px;
    max-height: 280px;
    margin: 0 -8px;
    overflow: auto;
  }
  .tick-list label {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 8px;
    border-radius: 12px;
    cursor: pointer;
  }
  .tick-list label:hover {
    background: var(--hover);
  }
  .tick-list label:has(:focus-visible) {
    outline: 2px solid var(--accent);
    outline-offset: -2px;
  }
  .tick-list span:last-child {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .tick-list input {
    appearance: none;
    width: 22px;
    height: 22px;
    min-height: 0;
    padding: 0;
    flex: none;
    border: 2px solid color-mix(in srgb, var(--quiet) 60%, transparent);
    border-radius: 50%;
    background: none;
    outline: none;
    cursor: pointer;
  }
  .tick-list input:checked {
    border: 7px solid var(--accent);
  }
`;
