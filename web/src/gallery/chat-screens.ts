/** The names of the chat's screens. */
export const CHAT_SCREENS = [
  "chat-list",
  "chat-empty",
  "chat-direct",
  "chat-group",
  "chat-profile",
  "chat-own-profile",
  "chat-group-page",
  "chat-new",
  "chat-new-group",
  "chat-group-call",
  "sign-in",
  "sign-in-plain",
] as const;

/** One of them. */
export type ChatScreen = (typeof CHAT_SCREENS)[number];
