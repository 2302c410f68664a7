/** A call that rings, for benches of what comes next. */
import type { Page } from "playwright-core";
import type { World } from "../e2e/world.js";

/** A camera of as many pictures a second as the client asks of a real one. */
export const CAMERA = `--use-fake-device-for-media-stream=fps=${process.env["FPS"] ?? "30"}`;

/** Two fresh pages; bob rings, both have a microphone and a camera. */
export async function ring(world: World): Promise<{ alice: Page; bob: Page }> {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await alice.evaluate(() => phone.calling.call("bob", "video"));
  await bob.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
  // Who rings has given the permission before; opening a real device is not what is measured.
  for (const page of [alice, bob]) await page.evaluate(() => phone.calling.openCamera());
  await bob.evaluate(() => phone.calling.openMicrophone());
  return { alice, bob };
}

/** Resolves once the media connections of these pages are up. */
export async function connected(pages: readonly Page[]): Promise<void> {
  for (const page of pages) {
    await page.evaluate(() => phone.until(() => phone.call?.local.state === "connected", "media"));
  }
}

/** When the page first had sound and a picture of `user`, by the clock all pages share. */
export function watch(page: Page, user: string): Promise<{ audio: number; frame: number }> {
  return page.evaluate(async (user) => {
    const now = (): number => performance.timeOrigin + performance.now();
    const frame = new Promise<number>((seen) => {
      phone.calling.on("firstFrame", () => seen(now()));
    });
    void phone.calling.startRemoteView(user, phone.video());
    const audio = new Promise<number>((heard) => {
      const look = setInterval(() => {
        const receivers = phone.connection?.getReceivers() ?? [];
        const comes = receivers.some(
          (it) => it.track.kind === "audio" && it.getSynchronizationSources().length > 0,
        );
        if (!comes) return;
        clearInterval(look);
        heard(now());
      }, 2);
    });
    return { audio: await audio, frame: await frame };
  }, user);
}
