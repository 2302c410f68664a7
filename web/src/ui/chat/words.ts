/** What lists and messages say, from what they show. */
import type { ConversationInfo, GroupId, Message, RunningCall, UserId } from "../../sdk/index.js";
import { onOneLine } from "../model/format.js";
import type { ChatState } from "../model/chat.js";
import type { Directory } from "../model/directory.js";
import { parseCallMessage, type CallMessage } from "../texts/call-message.js";
import type { Texts } from "../texts/index.js";

/** How a message is shown. */
export type Shown =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "call";
      readonly text: string;
      readonly isVideo: boolean;
      /** Whether the reader placed the call: then it stands on the right. */
      readonly isOwn: boolean;
      readonly isMissed: boolean;
    }
  | { readonly kind: "tip"; readonly text: string }
  | { readonly kind: "hidden" };

/** What is needed to word a message. */
export interface Wording {
  readonly texts: Texts;
  readonly names: Directory;
  readonly me: UserId;
}

/** How a message is shown to `me`. */
export function shown(message: Message, { texts, names, me }: Wording): Shown {
  if (message.recalled) {
    const text =
      message.from === me ? texts.recalledBySelf : texts.recalledBy(names.name(message.from));
    return { kind: "tip", text };
  }
  if (message.text !== undefined) return { kind: "text", text: message.text };
  const call = parseCallMessage(message.custom);
  if (call === undefined) return { kind: "tip", text: texts.calls.custom };
  if (call.isSilent) return { kind: "hidden" };
  if (message.conversation.group !== undefined) {
    return { kind: "tip", text: texts.calls.group(call, (user) => names.name(user)) };
  }
  return direct(call, texts, me);
}

function direct(call: CallMessage, texts: Texts, me: UserId): Shown {
  const isOwn = call.caller === me;
  const kind = call.signal?.kind;
  return {
    kind: "call",
    text: texts.calls.direct(call, isOwn ? "caller" : "callee"),
    isVideo: call.media !== "audio",
    isOwn,
    isMissed: !isOwn && (kind === "cancel" || kind === "timeout" || kind === "busy"),
  };
}

/** The line of a conversation in the list. */
export function lastLine({ last, conversation }: ConversationInfo, wording: Wording): string {
  if (last === undefined) return "";
  const { texts, names, me } = wording;
  if (last.recalled || last.text !== undefined) {
    const it = shown(last, wording);
    const text = it.kind === "hidden" ? "" : onOneLine(it.text);
    const isOthers = conversation.group !== undefined && it.kind === "text" && last.from !== me;
    return isOthers ? `${names.name(last.from)}: ${text}` : text;
  }
  const call = parseCallMessage(last.custom);
  if (call === undefined) return texts.calls.custom;
  return conversation.group === undefined
    ? texts.calls.summary(call)
    : texts.calls.groupSummary(call, (user) => names.name(user));
}

/** The name of a group; its id if it has none. */
export function groupName(state: ChatState, group: GroupId): string {
  const name = onOneLine(state.groups[group]?.name ?? "");
  return name === "" ? group : name;
}

/** How many talk in a running call. */
export function talking(call: RunningCall): number {
  return call.members.filter((it) => it.state === "connected").length;
}
