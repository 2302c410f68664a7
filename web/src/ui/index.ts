/**
 * The web components, and the SDK they are bound to.
 *
 * ```html
 * <script type="module" src="https://calls.example.com/calling.js"></script>
 * <calling-window url="https://calls.example.com" sdk-app-id="1400000000"
 *   user-id="alice" user-sig="…"></calling-window>
 * ```
 *
 * @packageDocumentation
 */
export * from "../sdk/index.js";
export { CallingChat } from "./chat/calling-chat.js";
export { CallingWindow } from "./window/calling-window.js";
export { LANGUAGES, languageOf, type Language } from "./texts/languages.js";
export type { CallView, Ended, Phase } from "./model/call.js";
