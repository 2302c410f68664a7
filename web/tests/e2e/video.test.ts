import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { World } from "./world.js";

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.stop());

/** `caller` calls `callees` by video, and all show themselves. */
async function talk(caller: Page, callees: Record<string, Page>): Promise<void> {
  const users = Object.keys(callees);
  await caller.evaluate((users) => phone.calling.groupCall({ users, mediaType: "video" }), users);
  await caller.evaluate(() => phone.calling.openCamera());
  for (const page of Object.values(callees)) {
    await page.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
    await page.evaluate(() => phone.calling.accept());
    await page.evaluate(() => phone.calling.openCamera());
  }
}

/** Shows `user` in an element of the page, and waits until pictures are decoded. */
function sees(page: Page, user: string, track: "camera" | "screen" = "camera"): Promise<unknown> {
  return page.evaluate(
    ({ user, track }) => phone.sees(user, track),
    { user, track },
  );
}

test("two see each other, in moving pictures", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await Promise.all([sees(alice, "bob"), sees(bob, "alice")]);
  for (const [page, other] of [[alice, "bob"], [bob, "alice"]] as const) {
    const [first] = await page.evaluate(() => phone.told("firstFrame"));
    expect(first).toMatchObject({ user: other, track: "camera" });
    expect((first as { width: number }).width).toBeGreaterThan(0);
    // Chromium's fake camera: a green ground with a yellow disc that turns.
    const { green, moves } = await page.evaluate((user) => phone.looksAt(user), other);
    expect(green).toBeGreaterThan(0.5);
    expect(moves).toBe(true);
    expect(await page.evaluate((user) => phone.member(user)?.camera, other)).toBe(true);
  }
});

test("a camera that closes is gone at once, and comes back without an offer", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await Promise.all([sees(alice, "bob"), sees(bob, "alice")]);
  const version = (): Promise<string | undefined> =>
    bob.evaluate(() => /o=\S+ \d+ (\d+)/.exec(phone.connection?.currentLocalDescription?.sdp ?? "")?.[1]);
  const before = await version();
  await bob.evaluate(() => phone.calling.closeCamera());
  await alice.evaluate(() => phone.until(() => phone.member("bob")?.camera === false, "its end"));
  await bob.evaluate(() => phone.calling.openCamera());
  await alice.evaluate(() => phone.until(() => phone.member("bob")?.camera === true, "its return"));
  await sees(alice, "bob");
  expect(await version()).toBe(before);
});

test("a small view receives a small picture, and a large one a large", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await alice.evaluate(async () => {
    await phone.calling.startRemoteView("bob", phone.video(), { size: "small" });
    await phone.until(async () => ((await phone.inbound("bob", "video"))?.frames ?? 0) > 5, "pictures");
  });
  const small = await alice.evaluate(async () => (await phone.inbound("bob", "video"))?.width ?? 0);
  await alice.evaluate(async (small) => {
    await phone.calling.updateRemoteView("bob", { size: "large" });
    await phone.until(
      async () => ((await phone.inbound("bob", "video"))?.width ?? 0) > small,
      "a larger picture",
    );
  }, small);
});

test("a sender is told what its way to the server carries, and sends the full size", { timeout: 120_000 }, async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  // By receiver reports alone an estimate changes once a second. With feedback on its packets a
  // sender thinks anew with each, whatever it finds out.
  await bob.evaluate(async () => {
    const estimates = new Set<number>();
    let before: number | undefined;
    await phone.until(async () => {
      const { estimate, reports } = await phone.uplink();
      if (reports !== before) estimates.clear();
      before = reports;
      estimates.add(estimate);
      return estimates.size >= 4;
    }, "four estimates between two receiver reports");
  });
  await alice.evaluate(async () => {
    await phone.calling.startRemoteView("bob", phone.video(), { size: "large" });
    const isFull = async (): Promise<boolean> =>
      ((await phone.inbound("bob", "video"))?.width ?? 0) >= 1_280;
    // A machine that is busy with other things takes its time.
    for (let tries = 0; tries < 3 && !(await isFull()); tries += 1) {
      await phone.until(isFull, "the full size").catch((error: unknown) => {
        if (tries === 2) throw error;
      });
    }
  });
});

test("nothing is received that nobody looks at", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await alice.evaluate(() => phone.hears("bob"));
  // Its place was agreed on while it rang; a second later whatever nobody shows is given back.
  const nothingIsSeen = (): Promise<unknown> =>
    alice.evaluate(() =>
      phone.until(async () => (await phone.inbound("bob", "video")) === undefined, "the end of it"),
    );
  await nothingIsSeen();
  await sees(alice, "bob");
  await alice.evaluate(() => phone.calling.stopRemoteView("bob"));
  await nothingIsSeen();
  await alice.evaluate(() => phone.hears("bob"));
});

test("a picture that is looked at again moves again, and the offer does not grow", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  const sections = (): Promise<number> =>
    alice.evaluate(() => phone.connection?.currentLocalDescription?.sdp.match(/^m=/gm)?.length ?? 0);
  const seen: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await sees(alice, "bob");
    expect((await alice.evaluate(() => phone.looksAt("bob"))).green).toBeGreaterThan(0.5);
    seen.push(await sections());
    await alice.evaluate(() => phone.looksAway("bob"));
  }
  expect(new Set(seen).size).toBe(1);
});

test("a screen is shown beside the camera, until it is no longer shared", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await sees(alice, "bob");
  await bob.evaluate(() => phone.calling.startScreenShare());
  await alice.evaluate(() => phone.until(() => phone.member("bob")?.screen === true, "the screen"));
  await sees(alice, "bob", "screen");
  await sees(alice, "bob");
  await bob.evaluate(() => phone.calling.stopScreenShare());
  await alice.evaluate(() => phone.until(() => phone.member("bob")?.screen === false, "its end"));
  expect(await bob.evaluate(() => phone.call?.local)).toMatchObject({ screen: false, camera: true });
});

test("switching to voice closes every camera, and sound goes on", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await Promise.all([sees(alice, "bob"), sees(bob, "alice")]);
  await alice.evaluate(() => phone.calling.switchCallMediaType("audio"));
  for (const page of [alice, bob]) {
    await page.evaluate(() => phone.until(() => phone.call?.mediaType === "audio", "the switch"));
    expect(await page.evaluate(() => phone.call?.local.camera)).toBe(false);
  }
  await alice.evaluate(() => phone.hears("bob"));
  await alice.evaluate(() => phone.until(() => phone.member("bob")?.camera === false, "its end"));
});

test("who has no microphone is seen, and hears", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await alice.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (wanted) =>
      wanted?.audio === undefined
        ? open(wanted)
        : Promise.reject(new DOMException("none", "NotFoundError"));
  });
  await talk(alice, { bob });
  await Promise.all([sees(alice, "bob"), sees(bob, "alice"), alice.evaluate(() => phone.hears("bob"))]);
  const local = await alice.evaluate(() => phone.call?.local);
  expect(local).toMatchObject({ microphone: false, camera: true, listenOnly: { reason: "missing" } });
  expect(await bob.evaluate(() => phone.packetsWithin("alice", 500))).toBe(0);
});
