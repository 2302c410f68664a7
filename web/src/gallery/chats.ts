export const CHATS: Readonly<Record<string, true>> = {};
export function showChat(..._: unknown[]): Promise<void> {
  return Promise.resolve();
}
