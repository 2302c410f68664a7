import { css } from "lit";

/** The chat: list and pane side by side, one at a time where it is narrow. */
export const layout = css`
  :host {
    display: block;
    height: 100%;
    min-height: 0;
    background: var(--ground);
    container-type: inline-size;
  }
  .chat {
    display: grid;
    grid-template-columns: minmax(280px, 340px) minmax(0, 1fr);
    height: 100%;
    min-height: 0;
  }
  .side,
  .pane {
    display: flex;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
    background: var(--panel);
  }
  .side {
    border-right: 1px solid var(--line);
  }
  .pane {
    background: var(--ground);
  }
  @container (max-width: 719px) {
    .chat {
      grid-template-columns: minmax(0, 1fr);
    }
    .side {
      border-right: 0;
    }
    .chat.at-list .pane,
    .chat.at-list .welcome,
    .chat:not(.at-list) .side {
      display: none;
    }
  }
  @container (min-width: 720px) {
    .back {
      display: none !important;
    }
  }
  .side-head,
  .pane-head {
    display: flex;
    align-items: center;
    gap: 4px;
    min-height: 64px;
    padding: 8px 12px;
    flex: none;
    background: var(--panel);
  }
  .pane-head {
    border-bottom: 1px solid var(--line);
    padding-left: 16px;
  }
  .pane-head .back {
    margin-left: -8px;
  }
  .side-head h1 {
    flex: 1;
    font-size: 20px;
    font-weight: 650;
    letter-spacing: -0.01em;
    padding-left: 8px;
  }
  .pane-head h2 {
    flex: 1;
    font-size: 17px;
    font-weight: 600;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .self {
    border-radius: 50%;
    line-height: 0;
  }
  .about {
    display: flex;
    align-items: center;
    gap: 12px;
    flex: 1;
    min-width: 0;
    padding: 4px;
    margin-left: -4px;
  }
  .offline {
    padding: 8px 16px;
    font-size: 14px;
    background: light-dark(#fff3dc, #3a2f17);
    color: light-dark(#5c3c00, #ffdf9e);
  }
  .conversations {
    overflow: auto;
    padding: 4px 8px 16px;
    min-height: 0;
  }
  .row {
    display: flex;
    align-items: center;
    gap: 12px;
    width: 100%;
    padding: 10px;
    border-radius: 14px;
    transition: background 0.12s;
  }
  .row:hover {
    background: var(--hover);
  }
  .row.here {
    background: var(--soft);
  }
  .row:focus-visible {
    outline-offset: -2px;
  }
  .row-text {
    flex: 1;
    min-width: 0;
    display: grid;
    gap: 2px;
  }
  .row-text b {
    font-weight: 600;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    min-width: 0;
  }
  .line {
    display: flex;
    align-items: center;
    gap: 8px;
    min-width: 0;
  }
  .line b,
  .last {
    flex: 1;
  }
  time {
    flex: none;
    font-size: 12px;
    color: var(--quiet);
    font-variant-numeric: tabular-nums;
  }
  .last {
    min-width: 0;
    font-size: 14px;
    color: var(--quiet);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    min-height: 20px;
  }
  .running-mark {
    color: var(--accent);
    line-height: 0;
  }
  .running-mark .icon {
    width: 16px;
    height: 16px;
  }
  .unread {
    flex: none;
    min-width: 20px;
    padding: 0 6px;
    border-radius: 10px;
    background: var(--stop);
    color: #fff;
    font-size: 12px;
    font-weight: 600;
    line-height: 20px;
    text-align: center;
  }
  .nothing {
    overflow: auto;
    color: var(--quiet);
    font-size: 14px;
  }
  .nothing p {
    padding: 12px 20px 8px;
  }
  .nothing b {
    color: var(--text);
    font-size: 16px;
  }
  .welcome {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 6px;
    padding: 24px;
    color: var(--quiet);
    text-align: center;
  }
  .welcome b {
    color: var(--text);
    font-weight: 600;
    font-size: 18px;
  }
  .welcome .icon {
    width: 56px;
    height: 56px;
    padding: 14px;
    margin-bottom: 10px;
    border-radius: 20px;
    color: var(--accent);
    background: var(--soft);
  }
  .alert {
    position: absolute;
    z-index: 5;
    left: 50%;
    bottom: 88px;
    translate: -50% 0;
    max-width: calc(100% - 32px);
    padding: 10px 18px;
    border-radius: 14px;
    background: light-dark(#2a1311, #ffdad6);
    color: light-dark(#fff, #410002);
    font-size: 14px;
    box-shadow: var(--shadow);
  }
`;

/** Pages of people and groups. */
export const pages = css`
  .page {
    flex: 1;
    min-height: 0;
    overflow: auto;
    display: flex;
    flex-direction: column;
    gap: 16px;
    padding: 28px max(16px, calc((100% - 520px) / 2)) 32px;
  }
  .page > * {
    flex: none;
  }
  .who-card {
    display: grid;
    justify-items: center;
    gap: 4px;
    text-align: center;
  }
  .who-card h3 {
    margin-top: 12px;
    font-size: 22px;
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .who-card p {
    font-size: 14px;
    overflow-wrap: anywhere;
  }
  .actions {
    display: grid;
    grid-template-columns: repeat(3, minmax(0, 1fr));
    gap: 10px;
  }
  .action {
    display: grid;
    justify-items: center;
    align-content: start;
    gap: 8px;
    padding: 14px 6px 12px;
    border-radius: var(--radius);
    background: var(--panel);
    box-shadow: 0 0 0 1px var(--line);
    font-size: 14px;
    line-height: 1.25;
    text-align: center;
    transition: background 0.12s;
  }
  .action:hover {
    background: var(--hover);
  }
  .action-disk {
    color: var(--accent);
    line-height: 0;
  }
  .card {
    border-radius: var(--radius);
    background: var(--panel);
    box-shadow: 0 0 0 1px var(--line);
    padding: 8px;
  }
  .card-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    min-height: 40px;
    padding-left: 10px;
  }
  h4 {
    margin: 0;
    font-size: 14px;
    font-weight: 600;
    color: var(--quiet);
  }
  .name-form {
    display: flex;
    align-items: flex-end;
    gap: 10px;
    padding: 14px 16px;
  }
  .name-form label {
    flex: 1;
    min-width: 0;
  }
  .badge {
    padding: 2px 10px;
    border-radius: 999px;
    background: var(--soft);
    color: var(--accent);
    font-size: 12px;
    font-weight: 600;
  }
  .call-row {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 9px 10px;
  }
  .call-row > .icon {
    width: 20px;
    height: 20px;
    color: var(--accent);
  }
  .call-row .quiet {
    font-size: 13px;
  }
  .call-row.missed > .icon,
  .call-row.missed b {
    color: var(--bad);
  }
`;
