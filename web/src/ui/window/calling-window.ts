import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { Calling, DeviceError, type CallingApi, type UserId } from "../../sdk/index.js";
import { CallStore } from "../bind/call-store.js";
import { mayMinimize, peerOf, phaseOf, type CallView, type Phase } from "../model/call.js";
import { Directory } from "../model/directory.js";
import type { Corner } from "../model/layout.js";
import "../parts/calling-dialog.js";
import "../parts/calling-view.js";
import { Ringer, type Melody } from "../sound/ring.js";
import { controls } from "../styles/controls.js";
import { people } from "../styles/people.js";
import { tokens } from "../styles/tokens.js";
import { languageOf, textsFor } from "../texts/index.js";
import type { Actions, DeviceKind, Devices, Panel, Scene } from "./context.js";
import { controlBar } from "./bar-styles.js";
import { crowd } from "./crowd.js";
import { inviteDialog } from "./invite.js";
import { mini } from "./mini.js";
import { pair } from "./pair.js";
import { pictures } from "./picture-styles.js";
import { over, voice, waiting } from "./simple.js";
import { frame } from "./styles.js";
import { announcement } from "./words.js";

/** How long the summary of a call stands by itself. */
const SUMMARY_MS = 6000;
/** How long a transient line stands. */
const NOTICE_MS = 5000;

const NONE: Devices[DeviceKind] = { list: [], chosen: "" };

/**
 * The window of a call: it appears when somebody calls or is called, and goes when it is over.
 *
 * Give it the SDK (`calling`), or let it sign in by itself with `url`, `user-id` and `user-sig`;
 * `calling` is then what it made.
 *
 * With `custom-view` it shows nothing; the SDK's events and methods are then the application's.
 *
 * @fires call-phase - the call began to be, or is no more, `detail.phase` (see `Phase`)
 */
@customElement("calling-window")
export class CallingWindow extends LitElement {
  /** The SDK; everything happens through it. */
  @property({ attribute: false }) calling: CallingApi | undefined;
  /** The server to sign in at; the page's own if absent. */
  @property() url = "";
  /** The application the UserSig is for; a page of the server itself may leave it out. */
  @property({ type: Number, attribute: "sdk-app-id" }) sdkAppId = 0;
  /** Who to sign in, unless `calling` is given. */
  @property({ attribute: "user-id" }) userId = "";
  /** The proof of it. */
  @property({ attribute: "user-sig" }) userSig = "";
  /** Whom to offer when one adds people. */
  @property({ attribute: false }) contacts: readonly UserId[] = [];
  /** `light`, `dark`; anything else follows the system. */
  @property({ reflect: true }) theme = "auto";
  /** A BCP 47 tag; the page's if absent. */
  @property() override lang = "";
  /** Shows nothing: the application draws its own window. */
  @property({ type: Boolean, attribute: "custom-view" }) customView = false;
  /** Rings without sound. */
  @property({ type: Boolean }) silent = false;
  /** The name of a group, for the head of its calls. */
  @property({ attribute: false }) groupName: (groupId: string) => string = () => "";

  @state() private now = Date.now();
  @state() private panel: Panel = "none";
  @state() private corner: Corner = "top-right";
  @state() private miniCorner: Corner = "bottom-right";
  @state() private devices: Devices = { microphone: NONE, camera: NONE, speaker: NONE };
  @state() private stage = { width: 960, height: 560 };
  @state() private isFullScreen = false;
  @query("dialog.window") private dialog!: HTMLDialogElement | null;
  @query(".screen") private screenBox!: HTMLElement | null;

  static override styles = [tokens, controls, people, frame, controlBar, pictures];

  #store: CallStore | undefined;
  #names: Directory | undefined;
  readonly #ringer = new Ringer();
  readonly #resized = new ResizeObserver(() => this.#measure());
  #ticking: ReturnType<typeof setInterval> | undefined;
  #summary: ReturnType<typeof setTimeout> | undefined;
  #lastPhase: Phase = "idle";
  #cameraFor = "";
  #offDevices: (() => void) | undefined;

  /** What is shown. */
  get view(): CallView | undefined {
    return this.#store?.view;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("fullscreenchange", this.#fullScreenChanged);
    if (this.hasUpdated) this.#bind();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("fullscreenchange", this.#fullScreenChanged);
    this.#unbind();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const isToSignIn = changed.has("userId") || changed.has("userSig") || changed.has("url");
    if (isToSignIn && this.userId !== "" && this.userSig !== "") void this.#signIn();
    if (changed.has("calling")) this.#bind();
  }

  async #signIn(): Promise<void> {
    const { url, sdkAppId, userId, userSig } = this;
    this.calling ??= new Calling({
      ...(url !== "" && { url }),
      ...(sdkAppId !== 0 && { sdkAppId }),
    });
    await this.#try((api) => api.login({ userId, userSig }));
  }

  protected override updated(): void {
    const { dialog } = this;
    if (dialog !== null && !dialog.open) dialog.showModal();
    this.#resized.disconnect();
    if (this.screenBox !== null) this.#resized.observe(this.screenBox);
    this.#keepFocus();
  }

  override render(): TemplateResult | typeof nothing {
    const scene = this.#scene();
    if (scene === undefined || this.customView) return nothing;
    const { view, texts } = scene;
    const phase = phaseOf(view);
    const told = announcement(view, texts, (user) => scene.names.name(user));
    const live = html`<div class="hidden-text" role="status" aria-live="polite">${told}</div>`;
    if (phase === "idle") return live;
    if (view.minimized) {
      const moved = (corner: Corner): void => void (this.miniCorner = corner);
      return html`${live}${mini(scene, this.#title(view), this.miniCorner, moved)}`;
    }
    return html`${live}
      <dialog
        class="window ${this.#isWide(view) ? "wide" : ""}"
        aria-label=${texts.callWindow}
        @cancel=${this.#escaped}
        @pointermove=${this.#linger}
        @focusin=${this.#linger}
      >
        <div class="screen" tabindex="-1" autofocus>${this.#screen(scene, phase)}</div>
        ${this.panel === "invite" ? inviteDialog(scene) : nothing}
      </dialog>`;
  }

  #screen(scene: Scene, phase: Phase): TemplateResult | typeof nothing {
    const { view } = scene;
    if (phase === "ended") {
      const { ended } = view;
      return ended === undefined ? nothing : over(scene, ended, this.#title(ended));
    }
    if (phase === "incoming" || phase === "outgoing" || phase === "connecting") {
      return waiting(scene);
    }
    if (view.call?.isGroup === true) return crowd(scene, this.#title(view));
    if (view.call?.mediaType === "audio" && !this.#anyPicture(view)) return voice(scene);
    return pair(scene, this.corner, (corner) => (this.corner = corner));
  }

  /** Somebody may share a screen in a voice call, too. */
  #anyPicture({ call }: CallView): boolean {
    return call?.members.some((it) => it.screen || it.camera) ?? false;
  }

  #isWide(view: CallView): boolean {
    if (phaseOf(view) !== "connected") return false;
    return (
      view.call?.isGroup === true || view.call?.mediaType === "video" || this.#anyPicture(view)
    );
  }

  #title({ call }: Pick<CallView, "call">): string {
    return call?.groupId === undefined ? "" : this.groupName(call.groupId);
  }

  #scene(): Scene | undefined {
    if (this.calling === undefined || this.#store === undefined || this.#names === undefined) {
      return undefined;
    }
    return {
      view: this.#store.view,
      texts: textsFor(languageOf(this.lang || document.documentElement.lang)),
      names: this.#names,
      api: this.calling,
      act: this.#act,
      now: this.now,
      panel: this.panel,
      devices: this.devices,
      stage: this.stage,
      isFullScreen: this.isFullScreen,
      contacts: this.contacts,
    };
  }

  #bind(): void {
    this.#unbind();
    const { calling } = this;
    if (calling === undefined) return;
    this.#names = new Directory(calling, () => this.requestUpdate());
    this.#store = new CallStore(calling, (view, before) => this.#changed(view, before));
    const offs = [
      calling.on("connected", () => this.#names?.retry()),
      calling.on("deviceChanged", (told) => this.#listed(told)),
    ];
    this.#offDevices = () => offs.forEach((off) => off());
  }

  #unbind(): void {
    this.#store?.close();
    this.#store = undefined;
    this.#offDevices?.();
    this.#ringer.play(undefined);
    this.#resized.disconnect();
    clearInterval(this.#ticking);
    clearTimeout(this.#summary);
  }

  #changed(view: CallView, before: CallView): void {
    this.requestUpdate();
    for (const { id } of view.notices.filter((it) => !before.notices.includes(it))) {
      setTimeout(() => this.#store?.dispatch({ type: "noticeOver", id }), NOTICE_MS);
    }
    const phase = phaseOf(view);
    if (phase === this.#lastPhase) {
      if (phase === "connected") this.#openCamera(view);
      return;
    }
    this.#lastPhase = phase;
    this.#ring(phase);
    this.#tick(phase);
    this.panel = "none";
    if (phase === "ended") this.#linger();
    if (phase === "connected" || phase === "outgoing") {
      this.#openCamera(view);
      void this.#list();
    }
    const detail = { phase, call: view.call, ended: view.ended };
    this.dispatchEvent(new CustomEvent("call-phase", { detail, bubbles: true, composed: true }));
  }

  #ring(phase: Phase): void {
    const melodies: Partial<Record<Phase, Melody>> = {
      incoming: "incoming",
      outgoing: "outgoing",
      ended: "ended",
    };
    const isQuiet = this.silent || this.customView;
    this.#ringer.play(isQuiet ? undefined : melodies[phase]);
  }

  #tick(phase: Phase): void {
    clearInterval(this.#ticking);
    this.now = Date.now();
    if (phase === "connected") this.#ticking = setInterval(() => (this.now = Date.now()), 500);
  }

  /** The summary goes by itself, unless somebody is at it. */
  readonly #linger = (): void => {
    clearTimeout(this.#summary);
    if (this.#lastPhase !== "ended") return;
    this.#summary = setTimeout(() => this.#store?.dispatch({ type: "dismiss" }), SUMMARY_MS);
  };

  /** In a video call the camera is open from the start; whoever closes it, closes it. */
  #openCamera({ call }: CallView): void {
    if (this.customView || call?.mediaType !== "video") return;
    if (this.#cameraFor === call.callId) return;
    this.#cameraFor = call.callId;
    // After a reload it is as it was before.
    if (call.isRestored !== true && !call.local.camera) void this.#try((api) => api.openCamera());
  }

  async #list(): Promise<void> {
    const { calling } = this;
    if (calling === undefined || this.customView) return;
    const none = (): readonly [] => [];
    const [microphones, cameras, speakers] = await Promise.all([
      calling.getMicrophones().catch(none),
      calling.getCameras().catch(none),
      calling.getSpeakers().catch(none),
    ]);
    this.#listed({ microphones, cameras, speakers });
  }

  #listed(told: Record<`${DeviceKind}s`, Devices[DeviceKind]["list"]>): void {
    const { microphone, camera, speaker } = this.devices;
    this.devices = {
      microphone: { ...microphone, list: told.microphones },
      camera: { ...camera, list: told.cameras },
      speaker: { ...speaker, list: told.speakers },
    };
  }

  async #try(work: (api: CallingApi) => Promise<unknown>): Promise<void> {
    if (this.calling === undefined) return;
    try {
      await work(this.calling);
    } catch (error) {
      // `deviceProblem` tells of devices that stop by themselves alone.
      if (error instanceof DeviceError) {
        this.#store?.dispatch({ type: "problem", problem: error.problem });
        return;
      }
      const message = error instanceof Error ? error.message : String(error);
      this.#store?.dispatch({ type: "error", message });
    }
  }

  readonly #act: Actions = {
    accept: () => void this.#try((api) => api.accept()),
    reject: () => void this.#try((api) => api.reject()),
    hangup: () => void this.#try((api) => api.hangup()),
    again: () => this.#again(),
    toggleMic: () => {
      const local = this.view?.call?.local;
      void this.#try((api) =>
        local?.listenOnly === undefined
          ? api.setMicMute(local?.micMuted !== true)
          : api.openMicrophone(),
      );
    },
    toggleCamera: () => {
      const isOpen = this.view?.call?.local.camera === true;
      void this.#try((api) => (isOpen ? api.closeCamera() : api.openCamera()));
    },
    flipCamera: () => {
      this.panel = "none";
      void this.#try((api) => api.switchCamera());
    },
    toggleScreen: () => {
      this.panel = "none";
      const isShared = this.view?.call?.local.screen === true;
      void this.#try((api) => (isShared ? api.stopScreenShare() : api.startScreenShare()));
    },
    switchMedia: (to) => {
      this.panel = "none";
      this.#cameraFor = "";
      void this.#try((api) => api.switchCallMediaType(to));
    },
    invite: (users) => {
      this.panel = "none";
      void this.#try((api) => api.inviteUser(users));
    },
    choose: (kind, id) => this.#choose(kind, id),
    fullScreen: () => {
      const change = this.isFullScreen
        ? document.exitFullscreen()
        : this.screenBox?.requestFullscreen();
      void change?.catch(() => undefined);
    },
    playSound: () => void this.#try((api) => api.resumePlayback()),
    open: (panel) => {
      this.panel = panel;
      if (panel === "more" || panel === "speaker") void this.#focusMenu();
    },
    show: (event) => this.#store?.dispatch(event),
  };

  #again(): void {
    const ended = this.view?.ended;
    if (ended === undefined) return;
    const { call } = ended;
    this.#store?.dispatch({ type: "dismiss" });
    void this.#try((api) => api.call(peerOf(call, this.view?.me ?? ""), call.mediaType));
  }

  #choose(kind: DeviceKind, id: string): void {
    this.devices = { ...this.devices, [kind]: { ...this.devices[kind], chosen: id } };
    this.panel = "none";
    void this.#try((api) =>
      kind === "camera"
        ? api.selectCamera(id)
        : kind === "microphone"
          ? api.selectMicrophone(id)
          : api.selectSpeaker(id),
    );
  }

  async #focusMenu(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".menu [role^=menuitem]")?.focus();
  }

  /** Escape closes a panel, else makes the window small; it never ends a call. */
  readonly #escaped = (event: Event): void => {
    event.preventDefault();
    if (this.panel !== "none") {
      const opener = `[data-control=${this.panel}]`;
      this.panel = "none";
      this.renderRoot.querySelector<HTMLElement>(opener)?.focus();
    } else if (this.view !== undefined && phaseOf(this.view) === "ended") {
      this.#store?.dispatch({ type: "dismiss" });
    } else if (this.view !== undefined && mayMinimize(this.view)) {
      this.#store?.dispatch({ type: "minimize" });
    }
  };

  /**
   * When the control in focus went away, the focus stays in the window; but on none of its
   * controls, so that whoever is typing does not answer or end a call by it.
   */
  #keepFocus(): void {
    const { dialog } = this;
    if (dialog === null || this.shadowRoot?.activeElement != null) return;
    if (document.activeElement !== document.body && document.activeElement !== this) return;
    this.screenBox?.focus({ preventScroll: true });
  }

  #measure(): void {
    const area = this.renderRoot.querySelector(".grid") ?? this.screenBox;
    if (area === null) return;
    const { width, height } = area.getBoundingClientRect();
    if (width === this.stage.width && height === this.stage.height) return;
    this.stage = { width, height };
  }

  readonly #fullScreenChanged = (): void => {
    this.isFullScreen = document.fullscreenElement !== null;
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "calling-window": CallingWindow;
  }
}
