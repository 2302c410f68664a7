import type { CallingApi, Conversation, GroupId, MediaType, UserId } from "../../sdk/index.js";
import type { ChatState, Place } from "../model/chat.js";
import type { Directory } from "../model/directory.js";
import type { Texts } from "../texts/index.js";

/** Which dialog is open. */
export type ChatDialog =
  | { readonly kind: "none" }
  | { readonly kind: "chat" | "group" }
  | { readonly kind: "members"; readonly group: GroupId }
  | { readonly kind: "call"; readonly group: GroupId; readonly media: MediaType };

/** What a page of the chat is drawn from. */
export interface ChatScene {
  readonly state: ChatState;
  readonly texts: Texts;
  readonly names: Directory;
  readonly api: CallingApi;
  readonly act: ChatActions;
  readonly now: number;
  readonly dialog: ChatDialog;
  readonly contacts: readonly UserId[];
  readonly isOffline: boolean;
}

/** What one can do in the chat. */
export interface ChatActions {
  readonly go: (place: Place) => void;
  readonly send: (to: Conversation, text: string) => void;
  readonly earlier: (of: Conversation) => void;
  readonly recall: (of: Conversation, seq: number) => void;
  readonly call: (user: UserId, media: MediaType) => void;
  readonly groupCall: (group: GroupId, users: readonly UserId[], media: MediaType) => void;
  readonly join: (group: GroupId) => void;
  readonly open: (dialog: ChatDialog) => void;
  readonly createGroup: (name: string, members: readonly UserId[]) => void;
  readonly addMembers: (group: GroupId, users: readonly UserId[]) => void;
  readonly remark: (user: UserId, remark: string) => void;
  readonly rename: (nickname: string) => void;
}
