import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";

import type { CallingApi, UserId, VideoSize, VideoTrack } from "../../sdk/index.js";

/** One picture of somebody, or of oneself (`user` empty). Starts and stops itself. */
@customElement("calling-view")
export class CallingView extends LitElement {
  @property({ attribute: false }) api: CallingApi | undefined;
  @property() user: UserId = "";
  @property() track: VideoTrack = "camera";
  @property() size: VideoSize = "large";
  /** Nothing is cut off. */
  @property({ type: Boolean, reflect: true }) contain = false;
  @property({ type: Boolean, reflect: true }) mirror = false;
  @query("video") private video!: HTMLVideoElement;

  #shown: { api: CallingApi; user: UserId; track: VideoTrack } | undefined;

  static override styles = css`
    :host {
      display: block;
      overflow: hidden;
      background: #0b100e;
    }
    video {
      display: block;
      width: 100%;
      height: 100%;
      object-fit: cover;
    }
    :host([contain]) video {
      object-fit: contain;
    }
    :host([mirror]) video {
      transform: scaleX(-1);
    }
  `;

  override render(): TemplateResult {
    return html`<video autoplay playsinline .muted=${true} aria-hidden="true"></video>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#show();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("api") || changed.has("user") || changed.has("track")) {
      this.#stop();
      this.#show();
    } else if (changed.has("size") && this.#shown !== undefined && this.user !== "") {
      void quietly(this.#shown.api.updateRemoteView(this.user, this.#options()));
    }
  }

  #options(): { track: VideoTrack; size: VideoSize } {
    return { track: this.track, size: this.size };
  }

  #show(): void {
    if (this.api === undefined || this.#shown !== undefined) return;
    const { api, user, track, video } = this;
    this.#shown = { api, user, track };
    const started =
      user === ""
        ? api.startLocalView(video, { track })
        : api.startRemoteView(user, video, this.#options());
    void quietly(started);
  }

  #stop(): void {
    if (this.#shown === undefined) return;
    const { api, user, track } = this.#shown;
    const { video } = this;
    this.#shown = undefined;
    const stopped =
      user === "" ? api.stopLocalView(video) : api.stopRemoteView(user, { track, element: video });
    void quietly(stopped);
  }
}

/** Whoever left or closed the camera meanwhile is shown as such: there is nothing to add. */
async function quietly(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch {
    // The call's state tells.
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "calling-view": CallingView;
  }
}
