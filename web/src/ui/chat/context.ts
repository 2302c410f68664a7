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
  go(place: Place): void;
  send(to: Conversation, text: string): void;
  earlier(of: Conversation): void;
  recall(of: Conversation, seq: number): void;
  call(user: UserId, media: MediaType): void;
  groupCall(group: GroupId, users: readonly UserId[], media: MediaType): void;
  join(group: GroupId): void;
  open(dialog: ChatDialog): void;
  createGroup(name: string, members: readonly UserId[]): void;
  addMembers(group: GroupId, users: readonly UserId[]): void;
  remark(user: UserId, remark: string): void;
  rename(nickname: string): void;
}
