import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { World } from "./world.js";

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.stop());

/** `caller` calls `callees`, and all talk. */
async function talk(caller: Page, callees: Record<string, Page>): Promise<void> {
  const users = Object.keys(callees);
  await caller.evaluate((users) => phone.calling.groupCall({ users, mediaType: "audio" }), users);
  for (const page of Object.values(callees)) {
    await page.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
    await page.evaluate(() => phone.calling.accept());
  }
}

function hears(page: Page, ...users: string[]): Promise<unknown> {
  return page.evaluate(async (users) => {
    for (const user of users) await phone.hears(user);
  }, users);
}

test("two hear each other, and the call ends with its figures told", async () => {
  const alice = await world.phone("alice");
  const bob = await world.phone("bob");
  await talk(alice, { bob });
  await Promise.all([hears(alice, "bob"), hears(bob, "alice")]);
  for (const page of [alice, bob]) {
    const call = await page.evaluate(() => phone.call);
    expect(call?.phase).toBe("connected");
    expect(call?.local).toMatchObject({ state: "connected", microphone: true, micMuted: false });
    expect(call?.members.map((it) => [it.user, it.state, it.entered])).toEqual([
      ["alice", "connected", true],
      ["bob", "connected", true],
    ]);
  }
  // Each packet carries a copy of the frame before it, for when one is lost.
  // Chromium sends what stands first in the answer.
  const answer = await alice.evaluate(() => phone.connection?.currentRemoteDescription?.sdp ?? "");
  const first = /^m=audio \d+ \S+ (\d+)/m.exec(answer)?.[1];
  expect(answer).toContain(`a=rtpmap:${first} red/48000/2`);
  // The level travels, and the server tells how loud everybody is.
  await alice.evaluate(() => phone.until(() => (phone.member("bob")?.volume ?? 0) > 0, "a volume"));
  await alice.evaluate(() =>
    phone.until(() => {
      const [told] = phone.told("networkQuality").slice(-1) as { local: number }[];
      return told?.local === 1;
    }, "a good network"),
  );
  await bob.evaluate(() => phone.calling.hangup());
  await alice.evaluate(() => phone.until(() => phone.told("ended").length > 0, "the end"));
  const [ended] = (await alice.evaluate(() => phone.told("ended"))) as Record<string, unknown>[];
  expect(ended).toMatchObject({ outcome: "completed", by: "bob" });
  const rest = await alice.evaluate(() => [phone.call !== undefined, phone.connection !== undefined]);
  expect(rest, "nothing stays open").toEqual([false, false]);
});

test("people come and go, and a place that is free is used again", async () => {
  const alice = await world.phone("alice");
  const [bob, carol] = [await world.phone("bob"), await world.phone("carol")];
  await talk(alice, { bob, carol });
  await Promise.all([
    hears(alice, "bob", "carol"),
    hears(bob, "alice", "carol"),
    hears(carol, "alice", "bob"),
  ]);
  const callId = await alice.evaluate(() => phone.call?.callId ?? "");
  await carol.evaluate(() => phone.calling.hangup());
  await alice.evaluate(() => phone.until(() => phone.member("carol")?.state === "left", "her leaving"));
  await alice.evaluate(async () => {
    await phone.until(async () => (await phone.inbound("carol")) === undefined, "her place is free");
  });
  await hears(alice, "bob");
  await carol.evaluate((callId) => phone.calling.join({ callId }), callId);
  await Promise.all([hears(alice, "carol"), hears(carol, "alice", "bob"), hears(bob, "carol")]);
  const sections = await alice.evaluate(() => phone.connection?.getTransceivers().length);
  expect(sections).toBe(3);
});

test("a stream that is not touched goes on while others come", async () => {
  const alice = await world.phone("alice");
  const [bob, carol] = [await world.phone("bob"), await world.phone("carol")];
  await talk(alice, { bob });
  await hears(alice, "bob");
  const before = await alice.evaluate(() => phone.inbound("bob"));
  await bob.evaluate(() => phone.calling.inviteUser(["carol"]));
  await carol.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
  await carol.evaluate(() => phone.calling.accept());
  await hears(alice, "carol");
  const after = await alice.evaluate(() => phone.inbound("bob"));
  expect(after).toMatchObject({ ssrc: before?.ssrc, mid: before?.mid });
  const made = await alice.evaluate(() => phone.connectionsMade);
  expect(made).toBe(1);
});

test("declined, busy, withdrawn and not answered are told as such", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  const call = (timeoutS: number): Promise<string> =>
    alice.evaluate((timeoutS) => phone.calling.call("bob", "audio", { timeoutS }), timeoutS);
  const rung = (times: number): Promise<void> =>
    bob.evaluate((n) => phone.until(() => phone.told("invited").length === n, "an invite"), times);
  const outcome = async (page: Page, times: number): Promise<unknown> => {
    await page.evaluate((n) => phone.until(() => phone.told("ended").length === n, "an end"), times);
    const ends = (await page.evaluate(() => phone.told("ended"))) as { outcome: string }[];
    return ends.at(-1)?.outcome;
  };
  await call(30);
  await rung(1);
  await bob.evaluate(() => phone.calling.reject());
  expect([await outcome(alice, 1), await outcome(bob, 1)]).toEqual(["rejected", "rejected"]);
  expect(await alice.evaluate(() => phone.told("rejected").length)).toBe(1);
  await call(30);
  await rung(2);
  await bob.evaluate(() => phone.calling.reject({ busy: true }));
  expect([await outcome(alice, 2), await outcome(bob, 2)]).toEqual(["busy", "busy"]);
  await call(30);
  await rung(3);
  await alice.evaluate(() => phone.calling.hangup());
  expect(await outcome(alice, 3)).toBe("cancelled");
  await bob.evaluate(() => phone.until(() => phone.told("cancelled").length === 1, "the end"));
  await call(1);
  expect(await outcome(alice, 4)).toBe("no_answer");
  await bob.evaluate(() => phone.until(() => phone.told("timedOut").length === 1, "the end"));
  expect(await bob.evaluate(() => phone.call === undefined)).toBe(true);
});

test("of two devices of one account the one that answers talks", async () => {
  const [alice, here, there] = [await world.phone("alice"), await world.phone("bob"), await world.phone("bob")];
  await alice.evaluate(() => phone.calling.call("bob", "audio"));
  for (const page of [here, there]) {
    await page.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
  }
  await here.evaluate(() => phone.calling.accept());
  await there.evaluate(() => phone.until(() => phone.told("handledElsewhere").length > 0, "the news"));
  expect(await there.evaluate(() => phone.told("handledElsewhere"))).toMatchObject([{ accepted: true }]);
  expect(await there.evaluate(() => [phone.call === undefined, phone.connection === undefined])).toEqual([true, true]);
  await Promise.all([hears(alice, "bob"), hears(here, "alice")]);
});

test("two who call each other at once talk", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await Promise.all([
    alice.evaluate(() => phone.calling.call("bob", "audio")),
    bob.evaluate(() => phone.calling.call("alice", "audio")),
  ]);
  await Promise.all([hears(alice, "bob"), hears(bob, "alice")]);
  const calls = await Promise.all([alice, bob].map((page) => page.evaluate(() => phone.call?.callId)));
  expect(calls[0]).toBe(calls[1]);
});

test("a microphone that is denied is explained, and one listens all the same", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob", [])];
  // The fake dialogue would say yes.
  await bob.evaluate(() => {
    const denied = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
    navigator.mediaDevices.getUserMedia = denied;
  });
  await talk(alice, { bob });
  await hears(bob, "alice");
  const local = await bob.evaluate(() => phone.call?.local);
  expect(local).toMatchObject({ microphone: false, listenOnly: { reason: "denied" } });
  expect(local?.listenOnly?.message).toContain("browser's settings");
  expect(await bob.evaluate(() => phone.told("deviceProblem").length)).toBe(1);
  // Allowed after all.
  await bob.evaluate(() => {
    delete (navigator.mediaDevices as { getUserMedia?: unknown }).getUserMedia;
    return phone.calling.openMicrophone();
  });
  await hears(alice, "bob");
  const after = await bob.evaluate(() => phone.call?.local);
  expect(after).toMatchObject({ microphone: true });
  expect(after).not.toHaveProperty("listenOnly");
});

test("muted means silence, and unmuted sound", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await hears(alice, "bob");
  await bob.evaluate(() => phone.calling.setMicMute(true));
  await alice.evaluate(() => phone.until(() => phone.member("bob")?.audio === false, "the silence"));
  // What was on its way may still be counted by the browser; then there is no more.
  await alice.evaluate(() =>
    phone.until(async () => (await phone.packetsWithin("bob", 200)) === 0, "the last packet"),
  );
  expect(await alice.evaluate(() => phone.packetsWithin("bob", 400))).toBe(0);
  await bob.evaluate(() => phone.calling.setMicMute(false));
  await hears(alice, "bob");
});

test("another microphone is taken without an offer", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await hears(alice, "bob");
  const chosen = await bob.evaluate(async () => {
    const [, second] = await phone.calling.getMicrophones();
    await phone.calling.selectMicrophone(second?.id ?? "");
    return second?.id;
  });
  expect(chosen).toBeTruthy();
  await expect
    .poll(() =>
      bob.evaluate(() => phone.connection?.getSenders()[0]?.track?.getSettings().deviceId),
    )
    .toBe(chosen);
  await hears(alice, "bob");
});

test("signalling that is cut is taken up again, and media never notices", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await hears(alice, "bob");
  await alice.evaluate(() => phone.cut());
  await alice.evaluate(() => phone.until(() => phone.told("connected").length === 2, "the resume"));
  const [, second] = await alice.evaluate(() => phone.told("connected"));
  expect(second).toEqual({ resumed: true });
  await hears(alice, "bob");
  expect(await alice.evaluate(() => phone.connectionsMade)).toBe(1);
  // Each side still hears of the other.
  await bob.evaluate(() => phone.calling.hangup());
  await alice.evaluate(() => phone.until(() => phone.told("ended").length === 1, "the end"));
});

test("ICE restarts when the network changes, and the stream is the same", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await hears(alice, "bob");
  const ufrag = (): Promise<string | undefined> =>
    alice.evaluate(() => /a=ice-ufrag:(\S+)/.exec(phone.connection?.currentLocalDescription?.sdp ?? "")?.[1]);
  const [before, stream] = [await ufrag(), await alice.evaluate(() => phone.inbound("bob"))];
  await alice.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect.poll(ufrag).not.toBe(before);
  await Promise.all([hears(alice, "bob"), hears(bob, "alice")]);
  const after = await alice.evaluate(() => phone.inbound("bob"));
  expect(after?.ssrc).toBe(stream?.ssrc);
  expect(await alice.evaluate(() => phone.connectionsMade)).toBe(1);
});

test("a media connection that the server forgot is made anew", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await talk(alice, { bob });
  await hears(alice, "bob");
  // As the server says when the network was away for longer than it waits.
  await alice.evaluate(() =>
    phone.pretend("media_failed", {
      call_id: phone.call?.callId,
      error: { code: -3301, message: "nothing was heard for too long" },
    }),
  );
  await alice.evaluate(() => phone.until(() => phone.connectionsMade === 2, "another connection"));
  await Promise.all([hears(alice, "bob"), hears(bob, "alice")]);
  expect(await alice.evaluate(() => phone.call?.local.state)).toBe("connected");
});

test("a network that is gone for a while costs no call", async () => {
  const [alice, bob, carol] = [await world.phone("alice"), await world.phone("bob"), await world.phone("carol")];
  await talk(alice, { bob, carol });
  await hears(alice, "bob", "carol");
  world.network.isGone = true;
  // Less than the five seconds after which the server takes somebody for lost.
  const came = await alice.evaluate(() => phone.packetsWithin("bob", 2_500));
  expect(came).toBeLessThan(10);
  world.network.isGone = false;
  // What was sent over TCP meanwhile is lost for good here.
  world.network.cut();
  await Promise.all([
    hears(alice, "bob", "carol"),
    hears(bob, "alice", "carol"),
    hears(carol, "alice", "bob"),
  ]);
  expect(await alice.evaluate(() => phone.told("ended"))).toEqual([]);
});

test("another tab with the same device id takes over", async () => {
  const first = await world.page();
  const second = await world.page();
  const params = { userId: "alice", userSig: world.userSig("alice"), deviceId: "one" };
  await first.evaluate((it) => phone.calling.login(it), params);
  await second.evaluate((it) => phone.calling.login(it), params);
  await first.evaluate(() => phone.until(() => phone.told("kickedOffline").length === 1, "the kick"));
  expect(await first.evaluate(() => phone.calling.state)).toEqual({ connection: "signedOut" });
  expect(await second.evaluate(() => phone.calling.state.connection)).toBe("connected");
});

test("a wrong UserSig, a call to nobody and a second call are refused in plain words", async () => {
  const page = await world.page();
  const refused = await page.evaluate(() =>
    phone.fails(() => phone.calling.login({ userId: "alice", userSig: "forged" })),
  );
  expect(refused.code).toBe(70003);
  const bobs = world.userSig("bob");
  const stolen = await page.evaluate(
    (userSig) => phone.fails(() => phone.calling.login({ userId: "alice", userSig })),
    bobs,
  );
  expect(stolen.code).toBe(70013);
  await world.signIn(page, "alice");
  const self = await page.evaluate(() => phone.fails(() => phone.calling.call("alice", "audio")));
  expect(self.code).toBe(-1202);
  await page.evaluate(() => phone.calling.call("bob", "audio"));
  const twice = await page.evaluate(() => phone.fails(() => phone.calling.call("carol", "audio")));
  expect(twice.code).toBe(-1203);
  await page.evaluate(() => phone.calling.logout());
  expect(await page.evaluate(() => phone.calling.state)).toEqual({ connection: "signedOut" });
});

test("messages, groups and the call log", async () => {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  // Calls of tests before left their messages.
  const seen = await bob.evaluate(async () => {
    const [last] = await phone.calling.chat.history({ user: "alice" }, { limit: 1 });
    if (last !== undefined) await phone.calling.chat.markRead({ user: "alice" }, last.seq);
    return last?.seq ?? 0;
  });
  await alice.evaluate(() => phone.calling.chat.sendText({ user: "bob" }, "<b>hello</b>"));
  await bob.evaluate(() => phone.until(() => phone.told("message").length > 0, "the message"));
  const [came] = await bob.evaluate(() => phone.told("message"));
  expect(came).toMatchObject({ conversation: { user: "alice" }, from: "alice", seq: seen + 1, text: "<b>hello</b>" });
  const listed = await bob.evaluate(async () => {
    const { items } = await phone.calling.chat.conversations();
    const history = await phone.calling.chat.history({ user: "alice" }, { limit: 1 });
    await phone.calling.chat.markRead({ user: "alice" }, history[0]?.seq ?? 0);
    const after = await phone.calling.chat.conversations();
    const of = (page: typeof after): number | undefined =>
      page.items.find((it) => it.conversation.user === "alice")?.unread;
    return { before: of({ items }), after: of(after), text: history[0]?.text };
  });
  expect(listed).toEqual({ before: 1, after: 0, text: "<b>hello</b>" });
  const group = await alice.evaluate(async () => {
    const made = await phone.calling.chat.createGroup({ name: "team", members: ["bob"] });
    const members = await phone.calling.chat.groupMembers(made.groupId);
    await phone.calling.groupCall({ users: ["bob"], groupId: made.groupId, mediaType: "audio" });
    return { name: made.name, members: members.map((it) => [it.user, it.role]) };
  });
  expect(group).toEqual({ name: "team", members: [["alice", "owner"], ["bob", "member"]] });
  await bob.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
  const [invite] = await bob.evaluate(() => phone.told("invited"));
  expect(invite).toMatchObject({ inviter: "alice", isFromGroup: true, users: [] });
  await bob.evaluate(() => phone.calling.reject());
  await alice.evaluate(() => phone.until(() => phone.told("ended").length > 0, "the end"));
  const recent = await alice.evaluate(() => phone.calling.chat.recentCalls({ limit: 1 }));
  expect(recent.items[0]).toMatchObject({ scene: "group", result: "outgoing", totalMs: 0 });
});
