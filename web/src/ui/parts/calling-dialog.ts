import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";

import { icons } from "../icons.js";
import { controls } from "../styles/controls.js";
import { tokens } from "../styles/tokens.js";

/** A dialog in front of everything; the browser keeps the focus in it. Fires `close`. */
@customElement("calling-dialog")
export class CallingDialog extends LitElement {
  @property() heading = "";
  @property() closeLabel = "";
  @query("dialog") private dialog!: HTMLDialogElement;

  static override styles = [
    tokens,
    controls,
    css`
      :host {
        display: contents;
        color-scheme: inherit;
      }
      h2:focus-visible {
        outline: none;
      }
      dialog {
        width: min(420px, calc(100vw - 24px));
        max-height: min(640px, calc(100dvh - 24px));
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 20px;
        background: var(--panel);
        color: var(--text);
        box-shadow: var(--shadow);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
        animation: rise 0.18s ease-out;
      }
      dialog::backdrop {
        background: var(--scrim);
      }
      .top {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 12px;
        padding: 14px 10px 6px 20px;
      }
      h2 {
        font-size: 18px;
        font-weight: 600;
      }
      .body {
        padding: 8px 20px 20px;
        overflow: auto;
        min-height: 0;
      }
      @keyframes rise {
        from {
          opacity: 0;
          transform: translateY(10px);
        }
      }
    `,
  ];

  override render(): TemplateResult {
    return html`<dialog
      aria-labelledby="heading"
      @close=${() => this.dispatchEvent(new Event("close"))}
    >
      <div class="top">
        <h2 id="heading" tabindex="-1">${this.heading}</h2>
        <button
          class="icon-button"
          aria-label=${this.closeLabel}
          @click=${() => this.dialog.close()}
        >
          ${icons.close}
        </button>
      </div>
      <div class="body"><slot></slot></div>
    </dialog>`;
  }

  protected override firstUpdated(): void {
    this.dialog.showModal();
    // The first thing to fill in, else the heading: not the button that closes it.
    const first = this.querySelector<HTMLElement>("[autofocus]");
    (first ?? this.dialog.querySelector("h2"))?.focus();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "calling-dialog": CallingDialog;
  }
}
