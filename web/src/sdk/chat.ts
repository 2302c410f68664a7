import type { ChatApi } from "./api.js";
import { conversationInfo, group, groupMember, message, target } from "./convert.js";
import type { AskOptions } from "./requests.js";
import type { Conversation, Message, RecentCall, UserId } from "./types.js";
import type {
  WireFacts,
  WireGroup,
  WireGroupMember,
  WireMessage,
  WireTarget,
} from "./wire.js";

/** How the chat asks the server. */
export interface Asker {
  ask<T>(method: string, params: object, options?: AskOptions): Promise<T>;
  /** Who is signed in. */
  me(): UserId;
}

/** All of it may be asked twice: the server stores a message of one `client_id` once. */
const RETRY: AskOptions = { retry: true };

/** Conversations, groups and profiles of a server. */
export class Chat implements ChatApi {
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  conversations: ChatApi["conversations"] = async ({ limit, after } = {}) => {
    const reply = await this.#ask<{
      conversations: { conversation: WireTarget; last?: WireMessage; unread: number; read_seq: number }[];
      next?: string;
    }>("conversations", { limit, after });
    const me = this.#asker.me();
    return page(reply.conversations.map((it) => conversationInfo(it, me)), reply.next);
  };

  history: ChatApi["history"] = async (conversation, { limit, before } = {}) => {
    const { user: peer, group: group_id } = conversation;
    const reply = await this.#ask<{ messages: WireMessage[] }>("history", {
      peer,
      group_id,
      limit,
      before,
    });
    return reply.messages.map((it) => message(it, this.#asker.me()));
  };

  sendText: ChatApi["sendText"] = (conversation, text) => this.#send(conversation, { text });

  sendCustom: ChatApi["sendCustom"] = (conversation, custom) =>
    this.#send(conversation, { custom });

  markRead: ChatApi["markRead"] = (conversation, seq) =>
    this.#done("mark_read", { to: target(conversation), seq });

  recallMessage: ChatApi["recallMessage"] = (conversation, seq) =>
    this.#done("recall_message", { to: target(conversation), seq });

  profiles: ChatApi["profiles"] = async (users) => {
    const reply = await this.#ask<{
      profiles: { user: UserId; nickname: string; avatar: string; remark?: string }[];
    }>("get_profiles", { users });
    return reply.profiles.map((it) => ({ ...it, remark: it.remark ?? "" }));
  };

  setSelfInfo: ChatApi["setSelfInfo"] = ({ nickname, avatar }) =>
    this.#done("set_self_info", { nickname, avatar });

  setFriendRemark: ChatApi["setFriendRemark"] = (user, remark) =>
    this.#done("set_friend_remark", { user, remark });

  createGroup: ChatApi["createGroup"] = async ({ groupId, name, members }) =>
    group(await this.#ask<WireGroup>("create_group", { group_id: groupId, name, members }));

  myGroups: ChatApi["myGroups"] = async ({ limit, after } = {}) => {
    const reply = await this.#ask<{ groups: WireGroup[] }>("my_groups", { limit, after });
    return reply.groups.map(group);
  };

  groupMembers: ChatApi["groupMembers"] = async (groupId, { limit, after } = {}) => {
    const params = { group_id: groupId, limit, after };
    const reply = await this.#ask<{ members: WireGroupMember[] }>("group_members", params);
    return reply.members.map(groupMember);
  };

  addMembers: ChatApi["addMembers"] = (groupId, users) =>
    this.#done("add_members", { group_id: groupId, users });

  removeMember: ChatApi["removeMember"] = (groupId, user) =>
    this.#done("remove_member", { group_id: groupId, user });

  leaveGroup: ChatApi["leaveGroup"] = (groupId) => this.#done("leave_group", { group_id: groupId });

  setMember: ChatApi["setMember"] = (groupId, user, { role, nameCard }) =>
    this.#done("set_member", { group_id: groupId, user, role, name_card: nameCard });

  renameGroup: ChatApi["renameGroup"] = (groupId, name) =>
    this.#done("rename_group", { group_id: groupId, name });

  dissolveGroup: ChatApi["dissolveGroup"] = (groupId) =>
    this.#done("dissolve_group", { group_id: groupId });

  recentCalls: ChatApi["recentCalls"] = async (filter = {}) => {
    const reply = await this.#ask<{ calls: WireRecentCall[]; next?: string }>(
      "recent_calls",
      filter,
    );
    return page(reply.calls.map(recentCall), reply.next);
  };

  deleteRecentCalls: ChatApi["deleteRecentCalls"] = async (callIds) => {
    const params = { call_ids: callIds };
    return (await this.#ask<{ call_ids: string[] }>("delete_recent_calls", params)).call_ids;
  };

  async #send(conversation: Conversation, body: { text: string } | { custom: string }): Promise<Message> {
    const params = { to: target(conversation), ...body, client_id: randomId() };
    const reply = await this.#ask<{ message: WireMessage }>("send_message", params);
    return message(reply.message, this.#asker.me());
  }

  #ask<T>(method: string, params: object): Promise<T> {
    return this.#asker.ask<T>(method, params, RETRY);
  }

  async #done(method: string, params: object): Promise<void> {
    await this.#ask(method, params);
  }
}

interface WireRecentCall {
  call_id: string;
  inviter: UserId;
  invite_list: UserId[];
  scene: RecentCall["scene"];
  media_type: WireFacts["media_type"];
  group_id?: string;
  role: RecentCall["role"];
  result: RecentCall["result"];
  begin_time: number;
  total_ms: number;
}

function recentCall(wire: WireRecentCall): RecentCall {
  return {
    callId: wire.call_id,
    inviter: wire.inviter,
    inviteList: wire.invite_list,
    scene: wire.scene,
    mediaType: wire.media_type,
    role: wire.role,
    result: wire.result,
    beginTime: wire.begin_time,
    totalMs: wire.total_ms,
    ...(wire.group_id !== undefined && { groupId: wire.group_id }),
  };
}

function page<T>(items: readonly T[], next: string | undefined): { items: readonly T[]; next?: string } {
  return next === undefined ? { items } : { items, next };
}

/** 128 random bits in hex; also on pages without `crypto.randomUUID`, which needs HTTPS. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
