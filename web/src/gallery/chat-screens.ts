/** The names of the chat's screens. */
export const CHAT_SCREENS: readonly string[] = [];
